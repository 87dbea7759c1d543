/** Mail that nobody would write and somebody sends: every one has an outcome, within the limits. */
import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { UnparsableError, type Parsed } from '../../../../src/core/channel.js';
import { Blobs, fixture, fixtureNames, messageOf, origin, testParser } from './helpers.js';

const parser = testParser({ timeLimitMs: 4_000 });
afterAll(() => parser.close());

/** Nothing else may come of a mail. */
async function outcomeOf(raw: Buffer): Promise<Parsed | 'unparsable'> {
  try {
    const parsed = await parser.parse(raw, origin, new Blobs().put);
    expect(parsed.events.length + parsed.ignored.length + parsed.rejected.length).toBeGreaterThan(0);
    for (const event of parsed.events) {
      expect(event.externalId.length).toBeGreaterThan(0);
      expect(event.externalId.length).toBeLessThanOrEqual(300);
    }
    return parsed;
  } catch (error) {
    if (!(error instanceof UnparsableError)) throw error;
    expect(error.message).toMatch(/^(?:too_large|too_deep|too_complex): /);
    return 'unparsable';
  }
}

const corpus = fixtureNames.map(fixture);
const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const words = (...options: readonly string[]) => fc.constantFrom(...options);

/** A mail of the corpus with bytes cut out, put in and doubled. */
const mutated = fc
  .tuple(
    fc.constantFrom(...corpus),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(60),
        fc.oneof(
          bytes,
          words('\r\n', '\0', '--b\r\n', '=?utf-8?B?', '<', '\ufffd').map((text) => Buffer.from(text)),
        ),
      ),
      { minLength: 1, maxLength: 8 },
    ),
  )
  .map(([raw, changes]) => {
    let changed = raw;
    for (const [where, cut, put] of changes) {
      const at = Math.floor(where * changed.length);
      changed = Buffer.concat([changed.subarray(0, at), put, changed.subarray(at + cut)]);
    }
    return changed;
  });

const encoding = words('', '7bit', '8bit', 'base64', 'quoted-printable', 'x-uuencode', 'BASE64 (c)', '\0');
const charset = words(
  '',
  'utf-8',
  'us-ascii',
  'iso-8859-1',
  'utf-16',
  'utf-32',
  'utf-7',
  'gb2312',
  'iso-2022-jp',
  'koi8-r',
  'x',
  '__proto__',
  '"',
  'hex',
  'base64',
);
const type = words(
  'text/plain',
  'text/html',
  'multipart/mixed',
  'multipart/alternative',
  'multipart/report',
  'message/rfc822',
  'message/delivery-status',
  'application/octet-stream',
  '',
  '/',
  'multipart/',
);
const boundary = words('b', 'c', '', '"b', ' b ', 'b c', '-', '--', 'é');
const field = fc.tuple(
  words(
    'From',
    'Sender',
    'To',
    'Subject',
    'Date',
    'Message-ID',
    'References',
    'In-Reply-To',
    'Return-Path',
    'X-Loop',
    'Auto-Submitted',
    '',
    ' ',
    'constructor',
  ),
  fc.oneof(
    fc.string({ maxLength: 80, unit: 'binary' }),
    words(
      '<>',
      '<@>',
      'a@b.example',
      ':;,<<a@b>>',
      '=?utf-8?Q?=E2?=',
      '"',
      '(((',
      '='.repeat(500),
      ','.repeat(3_000),
      '('.repeat(3_000),
      '<'.repeat(3_000),
      '"\\'.repeat(2_000),
      'a:'.repeat(2_000),
    ),
  ),
);

/** Headers and parts that do not fit each other. */
const assembled = fc
  .tuple(
    fc.array(field, { maxLength: 8 }),
    fc.array(fc.tuple(type, boundary, charset, encoding, bytes, boundary), { maxLength: 12 }),
  )
  .map(([fields, parts]) =>
    Buffer.concat([
      Buffer.from(fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')),
      ...parts.flatMap(([kind, own, set, transfer, content, before]) => [
        Buffer.from(
          `Content-Type: ${kind}; boundary=${own}; charset=${set}\r\nContent-Transfer-Encoding: ${transfer}\r\n\r\n`,
        ),
        content,
        Buffer.from(`\r\n--${before}\r\n`),
      ]),
    ]),
  );

describe('malformed mail has an outcome', () => {
  test.each([
    ['random bytes', bytes, 150],
    ['mails of the corpus, changed', mutated, 400],
    ['parts that do not fit', assembled, 400],
  ])(
    '%s',
    async (_name, mails: fc.Arbitrary<Buffer>, numRuns) => {
      await fc.assert(
        fc.asyncProperty(mails, async (raw) => void (await outcomeOf(raw))),
        { numRuns, endOnFailure: true },
      );
    },
    60_000,
  );

  test.each(fixtureNames)('%s cut anywhere', async (name) => {
    const raw = fixture(name);
    for (const share of [0, 0.1, 0.3, 0.5, 0.7, 0.9])
      await outcomeOf(raw.subarray(0, Math.floor(raw.length * share)));
  });

  test.each([
    ['brackets in From', `From: ${'<'.repeat(15_000)}`],
    ['commas in From', `From: ${'a@b.example,'.repeat(5_000)}`],
    ['groups in To', `From: a@b.example\r\nTo: ${'g:'.repeat(7_000)}`],
    ['comments in From', `From: ${'('.repeat(15_000)}a@b.example`],
    ['quotes in From', `From: ${'"'.repeat(15_000)}a@b.example`],
    ['encoded words', `From: a@b.example\r\nSubject: ${'=?utf-8?Q?a?= '.repeat(5_000)}`],
    ['halves of encoded words', `From: a@b.example\r\nSubject: ${'=?utf-8?Q?'.repeat(5_000)}`],
    ['parameters', `From: a@b.example\r\nContent-Type: text/plain${'; a*0*=x'.repeat(10_000)}`],
    ['spaces in ids', `From: a@b.example\r\nReferences: ${'< '.repeat(8_000)}`],
    ['spaces in a date', `From: a@b.example\r\nDate: 1${' '.repeat(15_000)}`],
    ['domains', `From: a@${'x.'.repeat(8_000)}example`],
  ])('many %s cost no more than a moment', async (_name, head) => {
    const begun = performance.now();
    await outcomeOf(Buffer.from(`${head}\r\n\r\nx`));
    expect(performance.now() - begun).toBeLessThan(3_000);
  });
});

test('no own word of a plain mail is lost', async () => {
  const line = fc
    .string({ maxLength: 60, unit: 'grapheme' })
    .map((text) => text.replaceAll(/[\r\n\u2028\u2029\u0085\v\f\0]/g, ''));
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 20 }), words('8bit', 'base64'), async (lines, transfer) => {
      const body = Buffer.from(lines.join('\r\n'));
      const raw = Buffer.concat([
        Buffer.from(
          `From: budi@warga.example\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${transfer}\r\n\r\n`,
        ),
        transfer === '8bit' ? body : Buffer.from(body.toString('base64')),
      ]);
      const { text, quoted = '' } = messageOf(await parser.parse(raw, origin, new Blobs().put));
      const kept = new Set([...text.split('\n'), ...quoted.split('\n')]);
      for (const one of lines) if (one.trim() !== '') expect(kept).toContain(one);
    }),
    { numRuns: 200 },
  );
}, 60_000);
