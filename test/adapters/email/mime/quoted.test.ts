import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { splitQuoted } from '../../../../adapters/email/mime/quoted.js';
import { Blobs, fixture, messageOf, origin, testParser } from './helpers.js';

const parser = testParser();
afterAll(() => parser.close());

const parts = async (name: string) => {
  const { text, quoted } = messageOf(await parser.parse(fixture(name), origin, new Blobs().put));
  return { text, quoted };
};

describe('what is folded away', () => {
  test.each([
    ['quoted-gmail', 'Masih padam.', /^Pada Sen, 23 Nov 2026[^]*Terima kasih\.$/],
    ['quoted-gmail-en', 'Still dark.', /^On Mon, Nov 23/],
    ['quoted-gmail-html', 'Masih padam.', /^Pada Sen, 23 Nov[^]*> Laporan Anda kami terima\.$/],
    ['quoted-outlook-id', 'Masih padam.', /^Dari: Tabea Ambon/],
    ['quoted-outlook-en', 'Still dark.', /From: Tabea Ambon/],
    ['quoted-outlook-old', 'Still dark.', /^-----Original Message-----/],
    ['quoted-apple', 'Masih padam.', /^Dikirim dari iPhone saya[^]*menulis:/],
    ['quoted-thunderbird', 'Masih padam.', /-- \nBudi Latuharhary/],
    ['quoted-yahoo', 'Masih padam.', /^Dikirim dari Yahoo Mail di Android[^]*Laporan Anda kami terima/],
    ['quoted-signature', 'Lampu padam.', /^-- \nBudi\nRT 02$/],
    ['quoted-mobile', 'Lampu padam di Batu Merah', /^Dapatkan Outlook untuk Android$/],
    ['quoted-interleaved', '\nJl. Pattimura.\n\n\nTiang 12.', /^On 23\/11\/2026[^]*> Nomor tiang\?$/],
  ])('%s', async (name, text, quoted) => {
    const found = await parts(name);
    expect(found.text.replaceAll(/\s+/g, ' ').trim()).toBe(text.replaceAll(/\s+/g, ' ').trim());
    expect(found.quoted).toMatch(quoted);
  });

  test.each(['quoted-only-quote', 'quoted-forward', 'quoted-own-words', 'quoted-sent-office'])(
    'nothing of %s',
    async (name) => {
      const raw = fixture(name).toString('utf8').replaceAll('\r\n', '\n');
      expect(await parts(name)).toEqual({
        text: raw.slice(raw.indexOf('\n\n') + 2).replace(/\n+$/, ''),
        quoted: undefined,
      });
    },
  );
});

/** Lines that mean something to the splitter, and lines that do not. */
const line = fc.oneof(
  fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, ' ')),
  fc.constantFrom(
    '',
    '-- ',
    '--',
    '> lama',
    '>> lebih lama',
    'Pada Sen, 23 Nov 2026 pukul 10.15 Budi <b@x.example> menulis:',
    'Pada Sen, 23 Nov 2026 pukul 10.15 Budi',
    '<b@x.example> menulis:',
    'Dari: Budi',
    'Dikirim: Senin',
    'Kepada: Ani',
    'Subjek: Lampu',
    '-----Pesan Asli-----',
    '---------- Forwarded message ---------',
    'Dikirim dari iPhone saya',
  ),
);

test('no line is lost and none is doubled', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
      const { text, quoted = '' } = splitQuoted(lines.join('\n'));
      const kept = [...text.split('\n'), ...quoted.split('\n')];
      const written = (all: readonly string[]) => all.filter((one) => one.trim() !== '').toSorted();
      expect(written(kept)).toEqual(written(lines));
      if (lines.some((one) => one.trim() !== '')) expect(text.trim()).not.toBe('');
    }),
    { numRuns: 500 },
  );
});

test('a long text costs no more than a moment', () => {
  const begun = performance.now();
  for (const one of ['Pada 1', '> a', 'Dari: x', '--', ' ', 'On 1 a@b'])
    splitQuoted(`${one}\n`.repeat(60_000));
  splitQuoted('Pada '.repeat(40_000));
  splitQuoted(`${'> a\n\n'.repeat(50_000)}x`);
  splitQuoted(`a${'\n'.repeat(200_000)}b`);
  expect(performance.now() - begun).toBeLessThan(5_000);
});
