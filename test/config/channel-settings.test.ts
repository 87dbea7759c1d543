import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { resolveChannelSettings } from '../../config/channel-settings.js';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';
import { ConfigError } from '../../src/core/errors.js';

const twilio = z.object({ accountSid: z.string().min(1), authToken: z.string().min(1), apiUrl: z.url() });
const gateway = z.object({ url: z.url(), user: z.string(), password: z.string(), signingKey: z.string() });
const sms = z.discriminatedUnion('provider', [
  z.object({ provider: z.literal('twilio'), twilio }),
  z.object({ provider: z.literal('android-gateway'), 'android-gateway': gateway }),
]);
const manual = z.object({});

function resolve(channels: string, variables: Record<string, string>, kinds: [string, z.ZodType][]) {
  const config = loadConfig({ env: readEnv({ TABEA_CHANNELS: channels, ...variables }) });
  return resolveChannelSettings(config, new Map(kinds));
}

function problems(...args: Parameters<typeof resolve>): readonly string[] {
  try {
    resolve(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const secrets = { TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 'token' };

describe('resolveChannelSettings', () => {
  test('demands what the chosen provider reads, and nothing of the other', () => {
    const { channels, missingKinds } = resolve('sms-1708,web', secrets, [
      ['sms', sms],
      ['manual', manual],
    ]);
    expect(missingKinds).toEqual([]);
    expect(channels.map((one) => [one.channel.id, one.settings])).toEqual([
      ['web', {}],
      [
        'sms-1708',
        {
          provider: 'twilio',
          twilio: { accountSid: 'AC1', authToken: 'token', apiUrl: 'https://api.twilio.com' },
        },
      ],
    ]);
  });

  test('names every absent variable with its key', () => {
    expect(problems('sms-1708,sms-08114706999', { TWILIO_AUTH_TOKEN: '' }, [['sms', sms]])).toEqual([
      'channels.sms-1708.settings.twilio.accountSid: the environment variable TWILIO_ACCOUNT_SID is not set',
      'channels.sms-1708.settings.twilio.authToken: the environment variable TWILIO_AUTH_TOKEN is not set',
      'channels.sms-08114706999.settings.twilio.accountSid: the environment variable TWILIO_ACCOUNT_SID is not set',
      'channels.sms-08114706999.settings.twilio.authToken: the environment variable TWILIO_AUTH_TOKEN is not set',
    ]);
  });

  test('a disabled channel, and one without an adapter, need nothing', () => {
    expect(
      resolve('web', {}, [
        ['manual', manual],
        ['sms', sms],
      ]).channels,
    ).toHaveLength(1);
    const { channels, missingKinds } = resolve('web,email,twitter', {}, [['manual', manual]]);
    expect(channels.map((one) => one.channel.id)).toEqual(['web']);
    expect(missingKinds).toEqual([
      { channelId: 'email', kind: 'email' },
      { channelId: 'twitter', kind: 'twitter' },
    ]);
  });

  test('a wrong value is named by its key and never shown', () => {
    const found = problems('sms-1708', { ...secrets, TWILIO_API_URL: 'hunter2' }, [['sms', sms]]);
    expect(found).toEqual(['channels.sms-1708.settings.twilio.apiUrl: has not the form of url']);
  });

  test('neither the words nor the errors of a schema are shown, which may quote a value', () => {
    const quoting = z
      .object({ twilio: z.object({ authToken: z.string() }) })
      .superRefine((value, context) => {
        context.addIssue({ code: 'custom', path: ['twilio', 'authToken'], message: value.twilio.authToken });
      });
    expect(problems('sms-1708', { ...secrets, TWILIO_AUTH_TOKEN: 'hunter2' }, [['sms', quoting]])).toEqual([
      'channels.sms-1708.settings.twilio.authToken: is not valid',
    ]);
    const throwing = z.unknown().transform((value): never => {
      throw new Error(JSON.stringify(value));
    });
    expect(problems('sms-1708', { ...secrets, TWILIO_AUTH_TOKEN: 'hunter2' }, [['sms', throwing]])).toEqual([
      'channels.sms-1708.settings: cannot be checked',
    ]);
  });

  test.each<[string, z.ZodType]>([
    ['takes anything', z.unknown()],
    ['keeps what it does not know', z.looseObject({ provider: z.string() })],
    ['makes a text of anything', z.object({ twilio: z.object({ authToken: z.coerce.string() }) })],
  ])('a schema that %s is not handed an absent secret', (_, schema) => {
    const found = problems('sms-1708', {}, [['sms', schema]]);
    expect(found.length).toBeGreaterThan(0);
  });

  test('a value of the environment is text, not YAML, and is not interpolated again', () => {
    const value = '"a: ${TWILIO_ACCOUNT_SID}\n- x';
    const { channels } = resolve('sms-1708', { ...secrets, TWILIO_AUTH_TOKEN: value }, [['sms', sms]]);
    expect(channels[0]?.settings).toMatchObject({ twilio: { authToken: value } });
  });

  test('passes on the words that a schema has for its own rule, and no value', () => {
    const words = 'names no way in: set IMAP_URL or SMTP_LISTEN_URL';
    const picky = z.looseObject({}).refine(() => false, { path: ['provider'], params: { words } });
    expect(problems('sms-1708', secrets, [['sms', picky]])).toEqual([
      `channels.sms-1708.settings.provider: ${words}`,
    ]);
  });
});
