import { afterAll, describe, expect, test } from '@jest/globals';
import { Blobs, fixture, mail, messageOf, origin, testParser } from './helpers.js';

const parser = testParser();
afterAll(() => parser.close());

async function read(name: string) {
  const blobs = new Blobs();
  return { message: messageOf(await parser.parse(fixture(name), origin, blobs.put)), blobs };
}

describe('charsets', () => {
  test.each([
    ['charset-utf8', 'Café di Jl. Pattimura, “gelap” 😀'],
    ['charset-latin1', 'Café tutup'],
    ['charset-utf8-declared-latin1', 'Café tutup'],
    ['charset-1252-declared-utf8', '“Café” tutup'],
    ['charset-1252-undeclared', 'Café tutup € 5'],
    ['charset-unknown', 'Café tutup'],
    ['charset-utf16', 'Café tutup'],
    ['charset-utf16-declared-ascii-bytes', 'Jalan rusak'],
    ['charset-gb18030', '路灯坏了'],
    ['charset-iso2022jp', '街灯が消えた'],
    ['charset-utf7', 'Lampu +ADw-script+AD4- padam'],
    ['charset-cut-utf8', 'Café é è “x” tutup \uFFFD'],
    ['charset-nul', 'a\0b'],
    ['flowed', 'Lampu jalan di depan rumah saya sudah padam.\n\nTolong.'],
  ])('%s', async (name, text) => {
    expect((await read(name)).message.text).toBe(text);
  });
});

describe('subjects', () => {
  test.each([
    ['subject-q', 'Jalan rusak – Café'],
    ['subject-b-split', 'Café 😀 rusak'],
    ['subject-raw-latin1', 'Café tutup'],
    ['charset-iso2022jp', '街灯'],
    ['subject-missing', undefined],
  ])('%s', async (name, subject) => {
    expect((await read(name)).message.subject).toBe(subject);
  });

  test('a broken one keeps its words', async () => {
    expect((await read('subject-broken')).message.subject).toContain('rusak');
  });
});

describe('HTML', () => {
  test('alone becomes text with its links, and is kept', async () => {
    const { message, blobs } = await read('html-only');
    expect(message.text).toBe(
      'Laporan\n\nLampu di Jl. Pattimura <https://peta.example/x?a=1&b=2> padam.\n\n * satu\n * dua\n\nklik tulis <b@x.example>[foto lampu]',
    );
    expect(blobs.text(message.html)).toContain('<h1>Laporan</h1>');
  });

  test('beside text leaves the text', async () => {
    const { message, blobs } = await read('html-alternative');
    expect(message.text).toBe('Teks biasa');
    expect(blobs.text(message.html)).toContain('<b>biasa</b>');
    expect(message.attachments).toEqual([]);
  });

  test.each([
    ['html-latin1-meta', 'Café tutup'],
    ['html-empty-plain', 'Hanya di sini'],
  ])('%s', async (name, text) => {
    expect((await read(name)).message.text).toBe(text);
  });

  test.each([
    ['deep elements', '<b>'.repeat(100_000)],
    ['deep blocks', '<div><blockquote>'.repeat(20_000)],
    ['open comments', '<!--'.repeat(50_000)],
    ['open tags', '<a href="'.repeat(50_000)],
  ])('%s cost no more than a moment', async (_name, html) => {
    const raw = mail('From: budi@warga.example', 'Content-Type: text/html', '', `<p>Banjir</p>${html}`);
    const begun = performance.now();
    expect(messageOf(await parser.parse(raw, origin, new Blobs().put)).text).toContain('Banjir');
    expect(performance.now() - begun).toBeLessThan(8_000);
  });
});

describe('structure that is wrong keeps the words', () => {
  test.each([
    ['boundary-missing', 'Kata-kata tanpa batas.'],
    ['boundary-wrong', 'Kata-kata salah batas.'],
    ['boundary-cut', 'Kata-kata terpotong'],
    ['type-garbage', 'Kata-kata'],
  ])('%s', async (name, text) => {
    expect((await read(name)).message.text).toContain(text);
  });
});

describe('a text that is too long', () => {
  test('is shown in part, and whole as a file', async () => {
    const short = testParser({ limits: { maxTextCharacters: 20 } });
    for (const length of [30, 500]) {
      const blobs = new Blobs();
      const raw = mail('From: budi@warga.example', '', 'a'.repeat(length));
      const message = messageOf(await short.parse(raw, origin, blobs.put));
      expect(message.text).toBe('a'.repeat(20));
      expect(message.attachments).toMatchObject([{ name: 'pesan-lengkap.txt', size: length }]);
      expect(blobs.text(message.attachments[0]?.blob)).toBe('a'.repeat(length));
    }
    await short.close();
  });
});
