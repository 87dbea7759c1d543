import { describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { isDemo, isLoopback, readEnv, requireSecretKey, withVariables } from '../../config/env.js';
import { projectRoot } from '../../config/root.js';
import { ConfigError } from '../../src/core/errors.js';

const key = Buffer.alloc(32, 7).toString('base64');

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('no ConfigError');
}

describe('readEnv', () => {
  test('without any variable: embedded, loopback, every role', () => {
    const env = readEnv({}, '/srv');
    expect(env).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      publicUrl: 'http://127.0.0.1:8080',
      publicUrlIsSet: false,
      configFile: join(projectRoot(), 'config/ambon.yaml'),
      dataDir: '/srv/data',
      logLevel: 'info',
      production: false,
    });
    expect([...env.roles].sort()).toEqual(['poller', 'web', 'worker']);
    expect([env.databaseUrl, env.redisUrl, env.channels, env.secretKey, env.demo]).toEqual(
      Array(5).fill(undefined),
    );
  });

  test('what is set', () => {
    const env = readEnv(
      {
        DATABASE_URL: 'postgres://u:p@db/t',
        REDIS_URL: 'redis+sentinel://h1:26379,h2:26379/mymaster',
        HOST: '::1',
        PORT: '0',
        PUBLIC_URL: 'https://tabea.example/base/',
        TABEA_CONFIG: 'other.yaml',
        TABEA_DATA_DIR: '/var/lib/tabea',
        TABEA_CHANNELS: ' web, sms-1708 ,',
        TABEA_SECRET_KEY: key,
        TABEA_ROLES: 'web,poller',
        TABEA_BOOTSTRAP_API_KEY: 'k'.repeat(16),
        TABEA_BOOTSTRAP_ADMIN: 'admin@ambon.example:pass:word1',
        LOG_LEVEL: 'debug',
        NODE_ENV: 'production',
        TABEA_DEMO: '0',
      },
      '/srv',
    );
    expect(env).toMatchObject({
      publicUrl: 'https://tabea.example/base',
      publicUrlIsSet: true,
      port: 0,
      configFile: '/srv/other.yaml',
      dataDir: '/var/lib/tabea',
      channels: ['web', 'sms-1708'],
      bootstrapAdmin: { email: 'admin@ambon.example', password: 'pass:word1' },
      production: true,
      demo: false,
    });
    expect(env.secretKey).toEqual(Buffer.alloc(32, 7));
    expect([...env.roles]).toEqual(['web', 'poller']);
    expect(readEnv({ HOST: '::1', PORT: '81' }).publicUrl).toBe('http://[::1]:81');
  });

  test('an empty variable is absent', () => {
    const names = [
      'DATABASE_URL',
      'REDIS_URL',
      'HOST',
      'PORT',
      'PUBLIC_URL',
      'TABEA_SECRET_KEY',
      'TABEA_ROLES',
    ];
    const env = readEnv({
      ...Object.fromEntries(names.map((name) => [name, ''])),
      TABEA_DEMO: '',
      LOG_LEVEL: '',
    });
    expect(env).toEqual(readEnv({}));
  });

  test('every wrong variable is named at once, and no value', () => {
    const secret = 'hunter2';
    const names = [
      'DATABASE_URL',
      'REDIS_URL',
      'PORT',
      'PUBLIC_URL',
      'TABEA_SECRET_KEY',
      'TABEA_ROLES',
      'TABEA_BOOTSTRAP_API_KEY',
      'TABEA_BOOTSTRAP_ADMIN',
      'LOG_LEVEL',
      'TABEA_DEMO',
    ];
    const problems = problemsOf(() => readEnv(Object.fromEntries(names.map((name) => [name, secret]))));
    expect(problems.map((line) => line.split(':')[0] ?? '').sort()).toEqual([...names].sort());
    expect(problems.join()).not.toContain(secret);
  });

  test.each([
    ['x'.repeat(44)],
    [Buffer.alloc(31).toString('base64')],
    [Buffer.alloc(33).toString('base64')],
    ['%'.repeat(60)],
  ])('%j is no secret key', (text) => {
    expect(problemsOf(() => readEnv({ TABEA_SECRET_KEY: text }))).toHaveLength(1);
  });

  test('some of the roles need a database that others reach', () => {
    expect(problemsOf(() => readEnv({ TABEA_ROLES: 'web' }))[0]).toContain('DATABASE_URL');
    expect(readEnv({ TABEA_ROLES: 'web,worker,poller' }).roles.size).toBe(3);
    expect(readEnv({ TABEA_ROLES: 'web', DATABASE_URL: 'postgres://h/t' }).roles.size).toBe(1);
  });

  test('an absent secret key is named, with how to make one', () => {
    expect(problemsOf(() => requireSecretKey(readEnv({})))[0]).toContain('TABEA_SECRET_KEY');
    expect(requireSecretKey(readEnv({ TABEA_SECRET_KEY: key }))).toHaveLength(32);
  });
});

describe('isDemo', () => {
  const names = ['TWILIO_AUTH_TOKEN', 'IMAP_URL'];

  test.each<[Record<string, string>, boolean]>([
    [{}, true],
    [{ PORT: '9000', LOG_LEVEL: 'debug', TABEA_CHANNELS: 'web' }, true],
    [{ HOST: 'localhost' }, true],
    [{ HOST: '127.0.0.2' }, true],
    [{ HOST: '0.0.0.0' }, false],
    [{ HOST: '192.0.2.1' }, false],
    [{ DATABASE_URL: 'postgres://h/t' }, false],
    [{ IMAP_URL: 'imaps://mail.example' }, false],
    [{ IMAP_URL: '' }, true],
    [{ TWILIO_API_URL: 'http://127.0.0.1:1' }, true],
    [{ NODE_ENV: 'production' }, false],
    [{ NODE_ENV: 'test' }, true],
    [{ TABEA_DEMO: '1', HOST: '0.0.0.0', DATABASE_URL: 'postgres://h/t', IMAP_URL: 'x' }, true],
    [{ TABEA_DEMO: '0' }, false],
  ])('%j → %s', (variables, expected) => {
    expect(isDemo(readEnv(variables), names)).toBe(expected);
  });

  test('is refused in production', () => {
    expect(problemsOf(() => readEnv({ NODE_ENV: 'production', TABEA_DEMO: '1' }))[0]).toContain('TABEA_DEMO');
  });
});

test('more variables fill the gaps and replace nothing', () => {
  const env = withVariables(readEnv({ IMAP_URL: 'mine', HOST: '' }), { IMAP_URL: 'theirs', FB_PAGE_ID: '1' });
  expect(env.variables).toEqual({ IMAP_URL: 'mine', FB_PAGE_ID: '1' });
});

test.each([
  ['::1', true],
  ['127.1.2.3', true],
  ['LOCALHOST', true],
  ['127.example.com', false],
  ['::', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
