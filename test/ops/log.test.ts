import { describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '../support/postgres.js';
import { createLogger } from '../../src/ops/log.js';

const SECRET = 'Jalan Sultan Hairun 12 +6281200000001 siti@warga.example';

function logged(fields: object): string {
  let line = '';
  createLogger({ level: 'debug', destination: { write: (text) => void (line += text) } }).error(
    fields,
    'it failed',
  );
  return line;
}

describe('nothing of a citizen gets into the log', () => {
  test.each([
    ['a text', { text: SECRET }],
    ['an event', { event: { from: { scheme: 'tel', value: SECRET }, text: SECRET, channelId: 'c' } }],
    [
      'a request',
      { request: { headers: { authorization: SECRET }, body: Buffer.from(SECRET), url: SECRET } },
    ],
    ['deep down', { a: { b: { c: { d: { e: { f: { g: SECRET } } } } } } }],
    ['in a list', { items: [{ subject: SECRET }] }],
    ['bytes', { raw: Buffer.from(SECRET), other: new Uint8Array(Buffer.from(SECRET)) }],
    ['an error of JSON', { err: capture(() => JSON.parse(SECRET)) }],
    ['an error of a mail server', { err: new Error(`550 <${SECRET}> unknown`) }],
    [
      'an error that quotes',
      { err: new Error(`The 'To' number +62 812-0000-0001 of siti@warga.example is wrong`) },
    ],
    [
      'Drizzle’s error',
      { err: Object.assign(new Error(`Failed query: params ${SECRET}`), { query: 'x', params: [SECRET] }) },
    ],
    ['a cause', { err: new TypeError('outer', { cause: capture(() => JSON.parse(SECRET)) }) }],
    [
      'an own property of an error',
      { err: Object.assign(new Error('x'), { response: SECRET, config: { data: SECRET } }) },
    ],
  ])('%s', (_name, fields) => {
    const line = logged(fields);
    for (const piece of ['Hairun', '81200000001', '812-0000', 'siti@', 'warga'])
      expect(line).not.toContain(piece);
    expect(line).toContain('it failed');
  });

  test('an error of PostgreSQL tells its code and routine, not the value', async () => {
    const store = await createTestDatabase({ migrated: false });
    const errors: unknown[] = [];
    for (const [text, value] of [
      ['SELECT $1::jsonb', SECRET],
      ['SELECT $1::int', SECRET],
    ] as const) {
      await store.database.pool.query(text, [value]).catch((error: unknown) => errors.push(error));
    }
    await store.drop();
    expect(errors).toHaveLength(2);
    for (const err of errors) {
      const line = logged({ err });
      expect(line).not.toContain('Hairun');
      expect(JSON.parse(line).err).toMatchObject({ code: '22P02', severity: 'ERROR' });
    }
  });
});

test('an error logged alone, or within its fields without a message, does not become the message', () => {
  let lines = '';
  const logger = createLogger({ level: 'info', destination: { write: (text) => void (lines += text) } });
  const error = new Error(`"${SECRET}"`);
  logger.error(error);
  logger.error({ err: error });
  expect(lines.split('\n').filter(Boolean)).toHaveLength(2);
  expect(lines).not.toContain('Hairun');
});

test('what helps stays: codes, ids, class, frames, messages of the system', () => {
  const line = JSON.parse(logged({ channel: 'sms-1708', id: 'x', count: 3, err: connectionRefused() }));
  expect(line).toMatchObject({ level: 'error', channel: 'sms-1708', id: 'x', count: 3 });
  expect(line.err).toMatchObject({
    type: 'Error',
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED 127.0.0.1:1',
  });
  expect(line.err.stack[0]).toMatch(/^at /);
});

function connectionRefused(): Error {
  const error = new Error('connect ECONNREFUSED 127.0.0.1:1');
  return Object.assign(error, { code: 'ECONNREFUSED', syscall: 'connect' });
}

function capture(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
