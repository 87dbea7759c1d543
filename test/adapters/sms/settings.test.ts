import { describe, expect, test } from '@jest/globals';
import { sms } from '../../../adapters/sms/index.js';
import { ACCOUNT, adapterFor, CITIZEN, TOKEN } from './helpers.js';

const twilio = { accountSid: ACCOUNT, authToken: TOKEN };
const messages = (settings: unknown) =>
  sms.settings.safeParse(settings).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('settings', () => {
  test('the address of the API is the vendor’s unless another is given', () => {
    expect(sms.settings.parse({ provider: 'twilio', twilio })).toMatchObject({
      block: { apiUrl: 'https://api.twilio.com' },
    });
    const other = { ...twilio, apiUrl: 'http://127.0.0.1:9/twilio/' };
    expect(sms.settings.parse({ provider: 'twilio', twilio: other })).toMatchObject({
      block: { apiUrl: 'http://127.0.0.1:9/twilio' },
    });
  });

  test('blocks of other providers are not looked at', () => {
    const untouchable = new Proxy(
      {},
      {
        get: () => {
          throw new Error('touched');
        },
        ownKeys: () => {
          throw new Error('touched');
        },
      },
    );
    expect(messages({ provider: 'twilio', twilio, 'android-gateway': untouchable })).toBeUndefined();
  });

  test.each([
    [{ provider: 'smpp', twilio }, 'provider: there is no SMS provider "smpp"; there is: twilio'],
    [{ twilio }, 'provider: there is no SMS provider nothing; there is: twilio'],
    [{ provider: 'twilio', twilio, region: 'XX' }, 'region: must be a country of ISO 3166-1, two letters'],
    [
      { provider: 'twilio', twilio: { ...twilio, accountSid: 'AC1' } },
      expect.stringContaining('twilio.accountSid: '),
    ],
    [{ provider: 'twilio', twilio: { accountSid: ACCOUNT } }, expect.stringContaining('twilio.authToken: ')],
    [
      { provider: 'twilio', twilio: { ...twilio, apiUrl: 'ftp://x' } },
      expect.stringContaining('twilio.apiUrl: '),
    ],
    [{ provider: 'twilio' }, expect.stringContaining('twilio: ')],
    [null, ': settings must be an object'],
  ])('%#: what is wrong is named', (settings, message) => {
    expect(messages(settings)).toEqual([message]);
  });

  test('no message tells a secret', () => {
    const told = messages({ provider: 'twilio', twilio: { accountSid: 'my-secret', authToken: 7 } })?.join();
    expect(told).not.toContain('my-secret');
  });
});

describe('a line', () => {
  const adapter = adapterFor('http://127.0.0.1:9');
  const target = {
    address: { scheme: 'tel', value: CITIZEN },
    optedOut: false,
    confidentiality: 'public',
  } as const;

  test('may answer, but not whom has said STOP', () => {
    expect(adapter.canReply?.(target, new Date())).toEqual({ allowed: true });
    expect(adapter.canReply?.({ ...target, optedOut: true }, new Date())).toMatchObject({ allowed: false });
  });

  test('cannot answer a name', () => {
    const name = { ...target, address: { scheme: 'tel', value: 'INFO-BMKG' } };
    expect(adapter.canReply?.(name, new Date())).toMatchObject({ allowed: false });
  });

  test('has no stream to pull', () => {
    expect(adapter.pull).toBeUndefined();
  });

  test('answers a webhook with TwiML that says nothing', () => {
    const reply = adapter.webhook?.reply?.({
      method: 'POST',
      target: '/',
      headers: {},
      body: Buffer.alloc(0),
      receivedAt: new Date(),
    });
    expect(reply?.headers['content-type']).toMatch(/^text\/xml/);
    expect(String(reply?.body)).toMatch(/<Response\/>$/);
  });
});
