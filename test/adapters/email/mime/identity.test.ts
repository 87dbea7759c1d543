import { afterAll, describe, expect, test } from '@jest/globals';
import { caseTokenId, readCaseTokenId } from '../../../../adapters/email/message-ids.js';
import type { MailOrigin } from '../../../../adapters/email/mail.js';
import {
  Blobs,
  EARLIER_OUTBOX_ID,
  fixture,
  mail,
  messageIds,
  messageOf,
  origin,
  OUTBOX_ID,
  OWN_ID,
  sign,
  testParser,
  TOKEN,
} from './helpers.js';

const parser = testParser();
afterAll(() => parser.close());

const parse = (raw: Buffer, from: MailOrigin = origin) => parser.parse(raw, from, new Blobs().put);
const read = async (name: string, from?: MailOrigin) => messageOf(await parse(fixture(name), from));
const idOf = async (raw: Buffer) => messageOf(await parse(raw)).externalId;

describe('the sender', () => {
  test.each([
    ['sender-normal', 'budi.l@warga.example', 'Latuharhary, Budi'],
    ['sender-idn', 'sé@xn--bcher-kva.example', 'Sé'],
    ['sender-many', 'ani@warga.example', undefined],
    ['sender-group', 'ani@warga.example', undefined],
    ['sender-from-missing', 'ani@warga.example', 'Ani'],
    ['sender-return-path', 'ani@warga.example', undefined],
    ['sender-reply-to', 'budi@warga.example', 'Budi Latuharhary'],
  ])('%s', async (name, value, shown) => {
    expect((await read(name)).from).toEqual({ scheme: 'mailto', value, ...(shown && { name: shown }) });
  });

  test('is that of the envelope where no header names one', async () => {
    const { from } = await read('sender-none', { ...origin, envelopeFrom: 'Ani@Warga.example' });
    expect(from).toEqual({ scheme: 'mailto', value: 'ani@warga.example' });
  });

  test('that is nobody leaves the mail to people', async () => {
    expect(await parse(fixture('sender-none'))).toEqual({
      events: [],
      ignored: [],
      rejected: [{ part: expect.stringContaining('Reply-To'), reason: expect.stringMatching(/^no_sender/) }],
    });
  });

  test('is proven by an id that we signed, and by nothing else', async () => {
    expect(await read('thread-ours')).not.toHaveProperty('unproven');
    for (const name of ['charset-utf8', 'thread', 'thread-header', 'thread-forged']) {
      expect(await read(name)).toHaveProperty('unproven', true);
    }
  });

  test('wrote to us', async () => {
    expect((await read('charset-utf8')).to).toEqual({ scheme: 'mailto', value: 'tabea@ambon.example' });
  });
});

describe('the id of a mail', () => {
  const simple = (...more: readonly string[]) =>
    mail('From: budi@warga.example', 'Date: Mon, 23 Nov 2026 10:15:00 +0900', ...more);

  test('is the same by every way', async () => {
    const straight = simple('Message-ID: <1@x.example>', 'Subject: Lampu', '', 'Padam', 'lagi', '');
    const relayed = Buffer.from(
      `Received: from mx\nDKIM-Signature: v=1\n${straight.toString().replaceAll('\r\n', '\n')}\n\n`,
    );
    const encoded = simple(
      'Message-ID: <1@x.example>',
      'Subject: =?utf-8?Q?Lampu?=',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Pad=61m',
      'lagi',
    );
    expect(await idOf(relayed)).toBe(await idOf(straight));
    expect(await idOf(encoded)).toBe(await idOf(straight));
  });

  test('tells other content under a reused Message-ID', async () => {
    const one = await idOf(simple('Message-ID: <1@x.example>', '', 'satu'));
    const other = await idOf(simple('Message-ID: <1@x.example>', '', 'dua'));
    expect(one).toMatch(/^1@x\.example:[0-9a-f]{32}$/);
    expect(other).toMatch(/^1@x\.example:[0-9a-f]{32}$/);
    expect(one).not.toBe(other);
  });

  test("is Gmail's own where there is one", async () => {
    const { externalId } = await read('charset-utf8', { ...origin, gmailId: '1278455344230334865' });
    expect(externalId).toBe('c1@warga.example:gm-1278455344230334865');
  });

  test.each(['id-missing', 'id-empty', 'id-garbage'])('%s is of its content alone', async (name) => {
    expect((await read(name)).externalId).toMatch(/^no-message-id:[0-9a-f]{32}$/);
  });

  test('is found without brackets, and never too long', async () => {
    expect((await read('id-bare')).externalId).toMatch(/^abc@warga\.example:/);
    expect(await idOf(simple(`Message-ID: <${'a'.repeat(300)}@x.example>`, '', 'x'))).toMatch(
      /^no-message-id:/,
    );
  });
});

describe('the thread', () => {
  test('names earlier mails, nearest first, and the token of the case', async () => {
    expect((await read('thread')).thread).toEqual({
      references: ['dekat@warga.example', 'tengah@warga.example', 'jauh@warga.example'],
      caseToken: TOKEN,
    });
  });

  test('names mails of ours as we gave them', async () => {
    expect((await read('thread-ours')).thread).toEqual({ references: [OWN_ID] });
  });

  test.each(['thread-address', 'thread-header'])('has the token of %s', async (name) => {
    expect((await read(name)).thread).toEqual({ caseToken: TOKEN });
  });

  test('is absent, and nobody can name mails without an id', async () => {
    expect((await read('charset-utf8')).thread).toBeUndefined();
    const raw = mail('From: a@x.example', 'References: <no-message-id> <> <@>', '', 'x');
    expect(messageOf(await parse(raw)).thread).toBeUndefined();
  });

  test('is bounded', async () => {
    const ids = Array.from({ length: 2_000 }, (_, i) => `<${i}@x.example>`).join('\r\n ');
    const raw = mail('From: a@x.example', `References: ${ids}`, '', 'x');
    expect(messageOf(await parse(raw)).thread?.references?.length).toBeLessThanOrEqual(50);
  });
});

describe('the date', () => {
  test.each([
    ['date-rfc', '2026-11-23T01:15:00.000Z'],
    ['date-wit', '2026-11-23T01:15:00.000Z'],
    ['date-short-year', '2026-11-23T10:15:00.000Z'],
    ['date-comment', '2026-11-23T01:15:00.000Z'],
    ['date-no-zone', '2026-11-23T10:15:00.000Z'],
    ['date-future', undefined],
    ['date-impossible', undefined],
    ['date-garbage', undefined],
    ['date-old', undefined],
  ])('%s', async (name, at) => {
    expect((await read(name)).sentAt).toBe(at);
  });
});

describe('ids of our own', () => {
  test('are read back, in any case of letters and under any domain', () => {
    expect(messageIds.read(OWN_ID)).toBe(OUTBOX_ID);
    expect(messageIds.read(OWN_ID.toUpperCase())).toBe(OUTBOX_ID);
    expect(messageIds.read(OWN_ID.replace('ambon.example', 'lama.example'))).toBe(OUTBOX_ID);
  });

  test.each([
    ['of another mail', `${EARLIER_OUTBOX_ID}.${sign(`mail:${OUTBOX_ID}`)}@ambon.example`],
    ['a digit off', OWN_ID.replace(/.@/, (found) => `${found.startsWith('0') ? '1' : '0'}@`)],
    ['without a signature', `${OUTBOX_ID}@ambon.example`],
    ['empty', ''],
    ['something more', `x${OWN_ID}`],
  ])('%s are not', (_name, id) => {
    expect(messageIds.read(id)).toBeUndefined();
  });

  test('carry the token of a case', () => {
    expect(readCaseTokenId(caseTokenId(TOKEN, 'Ambon.example'))).toBe(TOKEN);
    expect(readCaseTokenId(caseTokenId(TOKEN, 'x').toUpperCase())).toBe(TOKEN);
    expect(readCaseTokenId(OWN_ID)).toBeUndefined();
    expect(readCaseTokenId('tabea.123@x')).toBeUndefined();
  });
});
