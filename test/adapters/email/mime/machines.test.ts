import { afterAll, describe, expect, test } from '@jest/globals';
import type { MailOrigin } from '../../../../adapters/email/mail.js';
import {
  Blobs,
  fixture,
  fixtureNames,
  messageOf,
  origin,
  OUTBOX_ID,
  OWN_ID,
  reportOf,
  testParser,
} from './helpers.js';

const parser = testParser();
afterAll(() => parser.close());

const parse = (name: string, from: MailOrigin = origin) => parser.parse(fixture(name), from, new Blobs().put);

describe('mail of machines is flagged', () => {
  test.each(fixtureNames.filter((name) => name.startsWith('automated-')))('%s', async (name) => {
    expect(messageOf(await parse(name)).automated).toBe(true);
  });

  test.each(['human-auto-no', 'charset-utf8', 'quoted-gmail', 'human-forwards-bounce'])(
    '%s is not',
    async (name) => {
      expect(messageOf(await parse(name)).automated).toBe(false);
    },
  );

  test('by the empty sender of its envelope', async () => {
    expect(messageOf(await parse('charset-utf8', { ...origin, envelopeFrom: '' })).automated).toBe(true);
    expect(messageOf(await parse('charset-utf8', { ...origin, envelopeFrom: 'b@x.example' })).automated).toBe(
      false,
    );
  });

  test("a postmaster's letter is a message", async () => {
    const message = messageOf(await parse('postmaster-letter'));
    expect(message).toMatchObject({ text: 'Kami mengundang Bapak.', automated: true });
  });
});

describe('own mail that comes back', () => {
  test.each(['own-from', 'own-id'])('%s is ignored', async (name) => {
    expect(await parse(name)).toEqual({
      events: [],
      ignored: [{ part: expect.any(String), reason: 'own_mail' }],
      rejected: [],
    });
  });

  test('is not believed by X-Loop alone: programs copy it into answers', async () => {
    const message = messageOf(await parse('automated-x-loop-own'));
    expect(message).toMatchObject({ text: 'x', automated: true, from: { value: 'budi@warga.example' } });
  });

  test('is not believed by From alone: a web form that writes in our name is left to a person', async () => {
    expect(await parse('own-form')).toEqual({
      events: [],
      ignored: [],
      rejected: [
        {
          part: expect.stringContaining('Formulir pengaduan'),
          reason: expect.stringMatching(/^own_address: /),
        },
      ],
    });
  });
});

describe('a bounce', () => {
  test.each([
    ['dsn-failed', '5.1.1'],
    ['dsn-failed-original-id', '5.2.2'],
    ['dsn-envelope-id', '5.2.2'],
    ['dsn-failed-given-up', '4.4.7'],
    ['dsn-enclosed', '5.7.1'],
    ['dsn-verp', '5.0.0'],
    ['bounce-qmail', '5.1.1'],
    ['bounce-exim', '550'],
    ['bounce-postfix', '5.2.2'],
    ['bounce-exchange', '5.1.10'],
    ['bounce-gmail', '5.1.1'],
  ])('%s is the failure of our reply', async (name, code) => {
    const parsed = await parse(name);
    expect(reportOf(parsed)).toEqual({
      type: 'delivery',
      channelId: 'mail-test',
      externalId: OWN_ID,
      outboxId: OUTBOX_ID,
      state: 'failed',
      code,
      at: '2026-11-23T02:00:00.000Z',
    });
    expect([parsed.ignored, parsed.rejected]).toEqual([[], []]);
  });

  test('that says delivered is none', async () => {
    expect(reportOf(await parse('dsn-delivered'))).toMatchObject({ state: 'delivered', outboxId: OUTBOX_ID });
    expect(reportOf(await parse('dsn-delivered'))).not.toHaveProperty('code');
  });

  test.each([
    ['dsn-delayed', 'delayed'],
    ['dsn-no-action', 'delayed'],
    ['bounce-exim-delay', 'delayed'],
    ['dsn-relayed', 'relayed'],
    ['dsn-forged', 'foreign_bounce'],
    ['dsn-foreign', 'foreign_bounce'],
    ['mdn-deleted', 'not_read'],
    ['mdn-foreign', 'foreign_receipt'],
    ['abuse-report', 'abuse'],
  ])('%s changes nothing: %s', async (name, reason) => {
    const parsed = await parse(name);
    expect(parsed.events).toEqual([]);
    expect(parsed.ignored.map((one) => one.reason)).toEqual([reason]);
  });

  test('in prose that is about no mail of ours is kept as a message', async () => {
    const message = messageOf(await parse('bounce-foreign'));
    expect(message).toMatchObject({ text: expect.stringContaining('qmail-send'), automated: true });
  });

  test.each([
    ['vacation-robot', 'an absence note of an address that nobody reads'],
    ['vacation-declared', 'one that says that it answers'],
    ['vacation-person', 'one of a person'],
    ['vacation-daemon', 'a bounce that names our mail only as what it answers'],
  ])('is none: %s (%s) is a message', async (name) => {
    const parsed = await parse(name);
    expect(messageOf(parsed).automated).toBe(true);
    expect(messageOf(parsed).thread?.references).toEqual([OWN_ID]);
  });

  test('that a citizen passes on is a message', async () => {
    const message = messageOf(await parse('human-forwards-bounce'));
    expect(message.text).toContain('Kenapa surat saya kembali?');
  });
});

test('a receipt says that it was read', async () => {
  expect(reportOf(await parse('mdn-read'))).toMatchObject({
    state: 'read',
    externalId: OWN_ID,
    outboxId: OUTBOX_ID,
  });
});
