import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'node:querystring';
import { parseMessage, parseStatus } from '../../../adapters/sms/providers/twilio/inbound.js';
import { UnparsableError } from '../../../src/core/channel.js';
import type { InboundMessage } from '../../../src/core/message.js';
import { CITIZEN, line, LINE_NUMBER, rawRequest } from './helpers.js';

const fixture = (name: string) => readFileSync(`${import.meta.dirname}/../../fixtures/sms/${name}.form`);
const base = { MessageSid: 'SM1', From: CITIZEN, To: LINE_NUMBER };

function messageOf(body: string | Buffer): InboundMessage {
  const { events } = parseMessage(rawRequest('/webhooks/sms-test', body), line);
  expect(events).toHaveLength(1);
  const [message] = events;
  if (message?.type !== 'message') throw new Error('not a message');
  return message;
}

describe('a message', () => {
  test('as Twilio sends it', () => {
    expect(messageOf(fixture('message'))).toEqual({
      type: 'message',
      channelId: 'sms-test',
      externalId: 'SM00000000000000000000000000000001',
      from: { scheme: 'tel', value: CITIZEN },
      to: { scheme: 'tel', value: LINE_NUMBER },
      text: 'Lampu jalan di Jl. Pattimura padam, tolong ',
      attachments: [],
      automated: false,
      receivedAt: '2026-11-23T01:02:03.000Z',
    });
  });

  test('with pictures and without words', () => {
    const message = messageOf(fixture('media'));
    expect(message.text).toBe('');
    expect(message.attachments).toEqual([
      {
        name: 'ME00000000000000000000000000000001.jpeg',
        contentType: 'image/jpeg',
        url: expect.stringMatching(/ME00000000000000000000000000000001$/),
      },
      {
        name: 'ME00000000000000000000000000000002',
        contentType: 'application/vnd.ms-excel',
        url: expect.stringMatching(/\?x=1$/),
      },
    ]);
  });

  test.each([
    ['spaces around it', '  a  '],
    ['NUL', 'a\0b'],
    ['a right-to-left override', '\u202edcba'],
    ['joined emoji', '👨‍👩‍👧‍👦'],
    ['what is not normalised', 'cafe\u0301'],
    ['signs of a form', 'a=b&c=d+e%20f;g'],
    ['replacement characters of the sender', '\ufffd\ufffd'],
    ['a formula', '=cmd|calc'],
  ])('keeps %s', (_name, text) => {
    expect(messageOf(stringify({ ...base, Body: text })).text).toBe(text);
  });

  test.each([
    ['half an emoji', '%ED%A0%BDa', '\ud83da'],
    ['the other half', 'b+%ed%b8%80', 'b \ude00'],
    ['both halves as two', '%ED%A0%BD%ED%B8%80', '😀'],
    ['beside a broken byte', '%FF%ED%A0%BD', '\ufffd\ud83d'],
    ['beside other characters', '%C3%A9%3D%26%ED%A0%BD%2B', 'é=&\ud83d+'],
  ])('keeps %s', (_name, encoded, text) => {
    expect(messageOf(`${stringify(base)}&Body=${encoded}`).text).toBe(text);
  });

  test('with a byte that is no UTF-8 is still a message', () => {
    expect(messageOf(`${stringify(base)}&Body=a%FFb%`).text).toBe('a\ufffdb%');
  });

  test('without words, subject or line is still a message', () => {
    const message = messageOf('MessageSid=SM1&From=%2B6281200000011');
    expect(message).toMatchObject({ text: '', attachments: [] });
    expect(message).not.toHaveProperty('to');
  });

  test.each([
    ['081200000011', CITIZEN],
    ['6281200000011', CITIZEN],
    ['1708', '1708'],
  ])('from %s is from %s', (from, value) => {
    expect(messageOf(stringify({ ...base, From: from })).from).toEqual({ scheme: 'tel', value });
  });

  test('to the misprinted number is to the line', () => {
    expect(messageOf(stringify({ ...base, To: '081114706999' })).to?.value).toBe('+628114706999');
  });

  test('from a name is from a machine', () => {
    expect(messageOf(stringify({ ...base, From: 'INFO-BMKG' })).automated).toBe(true);
  });

  test('that says STOP is a message: what it means is for the core to say', () => {
    const message = messageOf(stringify({ ...base, Body: 'STOP', OptOutType: 'STOP' }));
    expect(message.text).toBe('STOP');
  });

  test.each([
    ['an empty body', ''],
    ['no id', stringify({ From: CITIZEN, Body: 'x' })],
    ['an empty id', stringify({ ...base, MessageSid: '' })],
    ['no sender', stringify({ MessageSid: 'SM1', Body: 'x' })],
    ['JSON', '{"MessageSid":"SM1","From":"+6281200000011"}'],
    ['bytes', Buffer.from([0xff, 0x00, 0x26, 0x3d, 0xfe])],
    ['1,001 parameters', `${stringify(base)}&${'a=b&'.repeat(998)}`],
    ['10,000 parameters', `${stringify(base)}${'&a'.repeat(10_000)}`],
    ['250,000 parameters', `${stringify(base)}${'&'.repeat(250_000)}`],
  ])('with %s cannot be read', (_name, body) => {
    expect(() => parseMessage(rawRequest('/webhooks/sms-test', body), line)).toThrow(UnparsableError);
  });

  test('with 1,000 parameters can', () => {
    expect(messageOf(`${stringify(base)}${'&a=b'.repeat(997)}`).externalId).toBe('SM1');
  });

  test.each(['-1', '1e9', 'NaN', 'abc', ''])('announcing %j pictures is bounded', (count) => {
    const { events, rejected } = parseMessage(
      rawRequest('/w', stringify({ ...base, NumMedia: count, MediaUrl0: 'https://media.example/a' })),
      line,
    );
    expect(events).toHaveLength(1);
    expect(rejected.length).toBeLessThanOrEqual(100);
  });

  test('with a picture missing is taken without it, and the gap is told', () => {
    const form = { ...base, NumMedia: '2', MediaUrl0: 'https://media.example/a' };
    const { events, rejected } = parseMessage(rawRequest('/w', stringify(form)), line);
    expect(events).toMatchObject([{ attachments: [{ url: 'https://media.example/a' }] }]);
    expect(rejected).toMatchObject([{ reason: 'MediaUrl1 is announced and missing' }]);
  });
});

describe('a delivery report', () => {
  const report = (form: Record<string, string>, target = '/webhooks/sms-test/status?ref=outbox-1') =>
    parseStatus(rawRequest(target, stringify({ MessageSid: 'SM3', ...form })), line);

  test('as Twilio sends it', () => {
    const target = '/webhooks/sms-test/status?ref=0193-a%2Bb';
    expect(parseStatus(rawRequest(target, fixture('status-undelivered')), line)).toEqual({
      events: [
        {
          type: 'delivery',
          channelId: 'sms-test',
          externalId: 'SM00000000000000000000000000000003',
          outboxId: '0193-a+b',
          state: 'failed',
          code: '30003',
          at: '2026-11-23T01:02:03.000Z',
        },
      ],
      ignored: [],
      rejected: [],
    });
  });

  test.each([
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['undelivered', 'failed'],
    ['failed', 'failed'],
    ['canceled', 'failed'],
    ['read', 'read'],
  ])('%s is %s', (status, state) => {
    expect(report({ MessageStatus: status }).events).toMatchObject([{ state }]);
    expect(report({ SmsStatus: status }).events).toMatchObject([{ state }]);
  });

  test.each(['queued', 'accepted', 'scheduled', 'sending'])('%s is left, with its reason', (status) => {
    const { events, ignored, rejected } = report({ MessageStatus: status });
    expect(events).toEqual([]);
    expect(rejected).toEqual([]);
    expect(ignored).toMatchObject([{ reason: `status ${status} changes nothing` }]);
  });

  test.each(['exploded', 'constructor', '__proto__', 'toString'])('%s goes to quarantine', (status) => {
    const { events, ignored, rejected } = report({ MessageStatus: status });
    expect([events, ignored]).toEqual([[], []]);
    expect(rejected).toMatchObject([{ reason: 'status is not known' }]);
  });

  test('without our id is one all the same', () => {
    const [event] = report({ MessageStatus: 'sent' }, '/webhooks/sms-test/status').events;
    expect(event).not.toHaveProperty('outboxId');
  });

  test('without an error has no code', () => {
    expect(report({ MessageStatus: 'sent', ErrorCode: '0' }).events[0]).not.toHaveProperty('code');
    expect(report({ MessageStatus: 'sent', ErrorCode: '' }).events[0]).not.toHaveProperty('code');
  });

  test.each([[{}], [{ MessageStatus: '' }], [{ MessageStatus: 'sent', MessageSid: '' }]])(
    'of %j cannot be read',
    (form) => {
      expect(() => report(form)).toThrow(UnparsableError);
    },
  );
});
