import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { fakeAdapter, sign } from '../intake/fake-provider.js';
import {
  CHANNEL,
  closeGateways,
  count,
  inboxKeys,
  post,
  startGateway,
  type Gateway,
} from '../intake/gateway.js';

const LIMIT = 64 * 1024;
let store: TestDatabase;
let gateway: Gateway;

beforeAll(async () => {
  store = await createTestDatabase();
  gateway = await startGateway({
    url: store.url,
    adapters: {
      [CHANNEL]: fakeAdapter(CHANNEL, { maxBodyBytes: LIMIT }),
      answering: fakeAdapter('answering', {
        reply: () => ({ status: 200, headers: { 'content-type': 'text/xml' }, body: '<Response/>' }),
      }),
      buggy: fakeAdapter('buggy', {
        parse: () => {
          throw new TypeError('a bug');
        },
      }),
    },
    route: { bodyTimeoutMs: 300 },
  });
});

afterAll(async () => {
  await closeGateways();
  await store.drop();
});

beforeEach(async () => {
  await gateway.quarantine.flush();
  await store.database.pool.query('TRUNCATE inbox, envelope, quarantine');
});

const refusals = async (reason: string): Promise<number> => {
  const { values } = await gateway.metrics.refused.get();
  return values.filter((one) => one.labels.reason === reason).reduce((sum, one) => sum + one.value, 0);
};

/** A request in pieces of our own making; resolves with the status and the body. */
function raw(
  headers: Readonly<Record<string, string | number>>,
  write: (request: ReturnType<typeof httpRequest>) => void,
): Promise<{ status: number; type: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${gateway.origin}/webhooks/${CHANNEL}`, { method: 'POST', headers });
    request.on('error', reject);
    request.on('response', (response: IncomingMessage) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], body }),
      );
    });
    write(request);
  });
}

describe('the way in', () => {
  test('what is no webhook goes to the other handler', async () => {
    expect(await (await fetch(`${gateway.origin}/console`)).text()).toBe('other');
  });

  test.each([
    '/webhooks/nobody',
    '/webhooks/',
    `/webhooks/${CHANNEL}/other`,
    '/webhooks/__proto__',
    '/webhooks/constructor',
  ])('404 as a problem document: %s', async (path) => {
    const answer = await post(gateway, [{ id: 'x' }], {}, path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({ type: 'about:blank', title: 'Not Found', status: 404 });
  });

  test('405 names what is allowed', async () => {
    const answer = await fetch(`${gateway.origin}/webhooks/${CHANNEL}`, { method: 'PUT', body: 'x' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, POST');
  });

  test('a handshake by GET is verified and answered by the adapter, and stores nothing', async () => {
    const right = await fetch(`${gateway.origin}/webhooks/answering?token=right`);
    expect([right.status, await right.text()]).toEqual([200, '<Response/>']);
    expect((await fetch(`${gateway.origin}/webhooks/answering?token=wrong`)).status).toBe(403);
    expect(await count(store.database, 'envelope')).toBe(0);
  });

  test('status reports come in at their own address', async () => {
    expect((await post(gateway, [{ id: 'r1' }], {}, `/webhooks/${CHANNEL}/status?x=1`)).status).toBe(200);
    expect(await inboxKeys(store.database)).toEqual(['d:r1:delivered']);
  });

  test('the answer is the adapter’s, or 200 with nothing', async () => {
    const own = await post(gateway, [{ id: 'o' }], {}, '/webhooks/answering');
    expect([own.headers.get('content-type'), await own.text()]).toEqual(['text/xml', '<Response/>']);
    expect(await (await post(gateway, [{ id: 'p' }])).text()).toBe('');
  });
});

describe('fault 12: signatures', () => {
  const body = JSON.stringify([{ id: 's' }]);
  const right = sign(body);
  const wrong = `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`;
  test.each([
    ['off by one', wrong],
    ['too short', right.slice(0, 10)],
    ['too long', `${right}00`],
    ['empty', ''],
    ['of another key', sign(body, 'another secret')],
  ])('%s: 403, no case, counted, kept for replay', async (_name, signature) => {
    const before = await refusals('signature');
    const answer = await post(gateway, body, { 'x-fake-signature': signature });
    expect(answer.status).toBe(403);
    expect(await refusals('signature')).toBe(before + 1);
    expect(await count(store.database, 'inbox')).toBe(0);
    await gateway.quarantine.flush();
    const held = await gateway.quarantine.listHeld({ kind: 'signature' });
    expect(held).toMatchObject([{ channelId: CHANNEL, reason: 'bad_signature' }]);
  });

  test('missing: 403', async () => {
    const answer = await raw({}, (request) => request.end(body));
    expect(answer.status).toBe(403);
  });

  test('fault 14: valid on the raw bytes, a re-serialised copy refused', async () => {
    const sent = '[{"id":"u","text":"\\u00e4 \\ud83d\\ude00"}]';
    expect((await post(gateway, sent)).status).toBe(200);
    const copy = JSON.stringify(JSON.parse(sent));
    expect((await post(gateway, copy, { 'x-fake-signature': sign(sent) })).status).toBe(403);
  });
});

describe('bodies', () => {
  test('400 for a body that cannot be parsed, kept raw', async () => {
    expect((await post(gateway, '{broken')).status).toBe(400);
    const { rows } = await store.database.pool.query('SELECT kind, reason, body FROM quarantine');
    expect(rows).toEqual([{ kind: 'unparsable', reason: 'unparsable', body: Buffer.from('{broken') }]);
  });

  test('a bug of the adapter is 500, an ERROR in the log, and the raw request is kept', async () => {
    expect((await post(gateway, '[]', {}, '/webhooks/buggy')).status).toBe(500);
    const { rows } = await store.database.pool.query('SELECT channel_id, kind, reason FROM quarantine');
    expect(rows).toEqual([{ channel_id: 'buggy', kind: 'unparsable', reason: 'parse_failed: TypeError' }]);
    expect(gateway.log.some((line) => line.includes('"level":"error"') && line.includes('buggy'))).toBe(true);
  });

  test('fault 17: 413 over the limit, declared', async () => {
    const answer = await post(gateway, 'x'.repeat(10 * 1024 * 1024));
    expect(answer.status).toBe(413);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  test('fault 17: 413 over the limit, undeclared, in pieces without end', async () => {
    let timer: NodeJS.Timeout | undefined;
    const answer = await raw({ 'transfer-encoding': 'chunked' }, (request) => {
      timer = setInterval(() => request.write(Buffer.alloc(16 * 1024)), 1);
      request.on('error', () => undefined);
    });
    clearInterval(timer);
    expect(answer.status).toBe(413);
    expect(answer.type).toBe('application/problem+json');
  });

  test('exactly the limit is taken', async () => {
    const frame = JSON.stringify([{ id: 'full', text: '' }]).length;
    const body = JSON.stringify([{ id: 'full', text: 'z'.repeat(LIMIT - frame) }]);
    expect(body).toHaveLength(LIMIT);
    expect((await post(gateway, body)).status).toBe(200);
  });

  test('fault 17: 408 for a body that comes too slowly', async () => {
    const started = Date.now();
    const answer = await raw({ 'content-length': 100 }, (request) => request.write('['));
    expect(answer.status).toBe(408);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  test('a client that leaves in the middle harms nothing', async () => {
    const before = await refusals('client_left');
    const socket = connect(Number(new URL(gateway.origin).port), '127.0.0.1');
    socket.write(`POST /webhooks/${CHANNEL} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n[`);
    setTimeout(() => socket.destroy(), 50);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await refusals('client_left')).toBe(before + 1);
  });

  const packed = JSON.stringify([{ id: 'packed' }]);
  test.each([
    ['gzip', gzipSync(packed)],
    ['x-gzip', gzipSync(packed)],
    ['deflate', deflateSync(packed)],
    ['deflate', deflateRawSync(packed)],
    ['identity', Buffer.from(packed)],
  ])('%s is inflated before the signature is looked at', async (encoding, body) => {
    const answer = await raw({ 'content-encoding': encoding, 'x-fake-signature': sign(packed) }, (request) =>
      request.end(body),
    );
    expect(answer.status).toBe(200);
    expect(await inboxKeys(store.database)).toEqual(['m:packed']);
  });

  test('fault 17: a gzip bomb is 413, memory stays flat', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(LIMIT);
    const before = process.memoryUsage().arrayBuffers;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => raw({ 'content-encoding': 'gzip' }, (request) => request.end(bomb))),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(413));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * 1024 * 1024);
  });

  test('broken gzip is 400, another encoding 415', async () => {
    const broken = await raw({ 'content-encoding': 'gzip' }, (request) => request.end('no gzip'));
    const other = await raw({ 'content-encoding': 'br' }, (request) => request.end('x'));
    expect([broken.status, other.status]).toEqual([400, 415]);
  });

  test('the connection of a refused request serves the next one', async () => {
    for (let i = 0; i < 5; i++) expect((await post(gateway, 'x'.repeat(LIMIT + 1))).status).toBe(413);
    expect((await post(gateway, [{ id: 'after' }])).status).toBe(200);
  });
});

describe('what nobody may read', () => {
  test('no text, address, query or header value gets into the log or the metrics', async () => {
    const secret = 'rahasia-4711';
    await post(gateway, [{ id: secret, text: secret, from: secret }], {}, `/webhooks/${CHANNEL}?q=${secret}`);
    await post(gateway, `{${secret}`, { 'x-other': secret }, `/webhooks/buggy?q=${secret}`);
    await post(gateway, [], {}, `/webhooks/${secret}`);
    expect(gateway.log.join('')).not.toContain(secret);
    expect(await gateway.registry.metrics()).not.toContain(secret);
  });
});

describe('closing', () => {
  test('a request under way is answered, an idle connection is ended', async () => {
    const other = await startGateway({ url: store.url });
    const idle = connect(Number(new URL(other.origin).port), '127.0.0.1');
    const ended = new Promise((resolve) => idle.on('close', resolve));
    await new Promise((resolve) => idle.on('connect', resolve));
    const answer = post(other, [{ id: 'last' }]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const started = Date.now();
    await other.close();
    expect((await answer).status).toBe(200);
    await ended;
    expect(Date.now() - started).toBeLessThan(4_000);
    expect(await inboxKeys(store.database)).toEqual(['m:last']);
  });
});
