import { afterAll, describe, expect, test } from '@jest/globals';
import { Blobs, fixture, mail, messageOf, origin, testParser } from './helpers.js';

const parser = testParser();
afterAll(() => parser.close());

describe('files', () => {
  test('of every kind are stored under safe names', async () => {
    const blobs = new Blobs();
    const message = messageOf(await parser.parse(fixture('files'), origin, blobs.put));
    expect(message.text).toBe('Lihat foto');
    expect(message.attachments.map(({ name, contentType }) => [name, contentType])).toEqual([
      ['gambar-1.png', 'image/png'],
      ['surat café.pdf', 'application/pdf'],
      ['_CON.txt', 'application/x-msdownload'],
      ['catatan.txt', 'text/plain'],
      ['pesan-5.eml', 'message/rfc822'],
      [expect.stringMatching(/^lampiran-6\.\w+$/), 'text/calendar'],
      ['winmail.dat', 'application/ms-tnef'],
      ['smime.p7s', 'application/pkcs7-signature'],
    ]);
    // The HTML shows the picture in its text under this name.
    expect(message.attachments.map(({ contentId }) => contentId).filter(Boolean)).toEqual(['foto']);
    expect(blobs.text(message.attachments[1]?.blob)).toBe('%PDF-');
    expect(blobs.text(message.attachments[4]?.blob)).toContain('Isi pesan terusan');
    for (const { blob, size } of message.attachments) expect(blobs.byHash.get(blob ?? '')?.length).toBe(size);
  });

  test.each([
    ['pgp', ['lampiran-1.pgp', 'encrypted.asc']],
    ['smime-root', ['smime.p7m']],
    ['empty', []],
  ])('%s', async (name, names) => {
    const message = messageOf(await parser.parse(fixture(name), origin, new Blobs().put));
    expect(message.text).toBe('');
    expect(message.attachments.map((one) => one.name.replace(/^lampiran-1\..*/, 'lampiran-1.pgp'))).toEqual(
      names,
    );
  });

  test('beyond the limits are named, and the message goes on', async () => {
    const small = testParser({ limits: { maxFiles: 2, maxFileBytes: 10, maxFilesBytes: 12 } });
    const file = (name: string, size: number) => [
      '--b',
      `Content-Disposition: attachment; filename=${name}`,
      '',
      'x'.repeat(size),
    ];
    const raw = mail(
      'From: budi@warga.example',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'Terlampir',
      ...file('a.jpg', 8),
      ...file('besar.jpg', 11),
      ...file('penuh.jpg', 8),
      ...file('c.jpg', 3),
      ...file('d.jpg', 1),
      '--b--',
    );
    const parsed = await small.parse(raw, origin, new Blobs().put);
    expect(messageOf(parsed)).toMatchObject({
      text: 'Terlampir',
      attachments: [{ name: 'a.jpg' }, { name: 'c.jpg' }],
    });
    expect(parsed.rejected).toEqual([
      { part: 'besar.jpg\npenuh.jpg', reason: expect.stringMatching(/^attachment_too_large: 2 /) },
      { part: 'd.jpg', reason: expect.stringMatching(/^too_many_attachments: 1 /) },
    ]);
    await small.close();
  });
});
