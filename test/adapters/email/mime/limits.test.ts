import { afterAll, describe, expect, test } from '@jest/globals';
import { UnparsableError, type Logger } from '../../../../src/core/channel.js';
import { Blobs, fixture, mail, messageOf, origin, silentLogger, testParser } from './helpers.js';

const script = new URL('./hostile-worker.ts', import.meta.url);
const warnings: object[] = [];
const logger: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields) };
const worker = { workerScript: script, maxHeapMb: 64, threads: 1, logger };
/** What is refused for another reason is refused long before that, also where every core is busy. */
const parser = testParser({ ...worker, timeLimitMs: 15_000 });
/** For a mail that never ends, and one after it. */
const hasty = testParser({ ...worker, timeLimitMs: 3_000 });
afterAll(async () => {
  await parser.close();
  await hasty.close();
});

const parse = (raw: Buffer, by = parser) => by.parse(raw, origin, new Blobs().put);
const letter = (text: string) => mail('From: budi@warga.example', '', text);

async function refusal(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UnparsableError)) throw new Error('no UnparsableError');
  return error.message;
}

describe('a mail that', () => {
  test.each([
    ['never ends', 'HANG', /^too_slow: /, hasty],
    ['eats the memory', 'EAT', /^too_much_memory: /, parser],
    ['ends its thread', 'EXIT', /^unreadable: /, parser],
    ['makes its thread throw', 'THROW', /^unreadable: /, parser],
  ])('%s is refused, and the next one is read', async (_name, word, message, by) => {
    warnings.length = 0;
    const [refused, next] = await Promise.all([
      refusal(parse(letter(`${word} rahasia warga`), by)),
      parse(letter('Lampu padam'), by),
    ]);
    expect(refused).toMatch(message);
    expect(messageOf(next).text).toBe('Lampu padam');
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify([refused, warnings])).not.toContain('rahasia');
  });

  test('is slow does not hold up the others', async () => {
    const two = testParser({ workerScript: script, timeLimitMs: 15_000, threads: 2 });
    let isOver = false;
    const slow = parse(letter('HANG'), two).finally(() => (isOver = true));
    const ended = expect(slow).rejects.toThrow('closed');
    expect(messageOf(await parse(letter('Lampu padam'), two)).text).toBe('Lampu padam');
    expect(isOver).toBe(false);
    await two.close();
    await ended;
  });
});

describe('the structure', () => {
  const nested = (depth: number) =>
    Buffer.from(
      `From: budi@warga.example\r\n${Array.from(
        { length: depth },
        (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
      ).join('')}\r\nLampu padam`,
    );
  const parts = (count: number) =>
    mail(
      'From: budi@warga.example',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      ...Array.from({ length: count }, () => '--b\r\n\r\nx'),
    );

  test('as deep as real mail is read', async () => {
    expect(messageOf(await parse(nested(20))).text).toContain('Lampu padam');
  });

  test.each([
    ['a thousand multiparts deep', nested(1_000), /^too_deep/],
    ['fifty thousand deep', nested(50_000), /^too_deep/],
    ['of ten thousand parts', parts(10_000), /^too_complex/],
    [
      'of very long headers',
      mail('From: budi@warga.example', `X: ${'a'.repeat(1_000_000)}`, '', 'x'),
      /^too_complex/,
    ],
    [
      'of very many headers',
      mail('From: budi@warga.example', ...Array<string>(50_000).fill('X: y'), '', 'x'),
      /^too_complex/,
    ],
    ['of 51 MiB', Buffer.alloc(51 * 1024 * 1024, 'a\n'), /^too_large/],
  ])('%s is refused for what it is, not for the time that it takes', async (_name, raw, message) => {
    expect(await refusal(parse(raw))).toMatch(message);
  });
});

test('a file of 50 MB costs a moment; the message goes on, the file stays in the raw mail', async () => {
  const patient = testParser();
  const raw = Buffer.concat([
    mail(
      'From: budi@warga.example',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'Terlampir',
      '--b',
      'Content-Type: video/mp4; name=a.mp4',
      'Content-Transfer-Encoding: base64',
      '',
      '',
    ),
    Buffer.alloc(48 * 1024 * 1024, `${'A'.repeat(76)}\r\n`),
    mail('', '--b--'),
  ]);
  const parsed = await patient.parse(raw, origin, new Blobs().put);
  expect(messageOf(parsed)).toMatchObject({ text: 'Terlampir', attachments: [] });
  expect(parsed.rejected).toEqual([
    { part: 'a.mp4', reason: expect.stringMatching(/^attachment_too_large/) },
  ]);
  await patient.close();
});

test('the raw mail stays with the caller', async () => {
  const raw = fixture('files');
  const before = Buffer.from(raw);
  await parse(raw);
  expect(raw.equals(before)).toBe(true);
});

test('a store that is away is no fault of the mail', async () => {
  const failing = () => Promise.reject(new Error('the blob store is away'));
  await expect(parser.parse(fixture('files'), origin, failing)).rejects.toThrow('the blob store is away');
});

test('a closed parser refuses, also what waited', async () => {
  const closing = testParser({ workerScript: script, threads: 1 });
  const hanging = closing.parse(letter('HANG'), origin, new Blobs().put);
  const waiting = closing.parse(letter('x'), origin, new Blobs().put);
  const ends = Promise.allSettled([hanging, waiting]);
  await closing.close();
  expect((await ends).map((one) => one.status)).toEqual(['rejected', 'rejected']);
  await expect(closing.parse(letter('x'), origin, new Blobs().put)).rejects.toThrow('closed');
});
