import http from 'node:http';
import type { LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { safeFetch, SafeFetchError, type SafeFetchOptions } from '../../src/ops/safe-fetch.js';

const PASSWORD = 'Basic c2VjcmV0';

describe('safeFetch', () => {
  let server: http.Server;
  let origin: string;
  let seen: http.IncomingMessage[];
  let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;

  beforeEach(async () => {
    seen = [];
    server = http.createServer((request, response) => {
      seen.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  const options = (over: Partial<SafeFetchOptions> = {}): SafeFetchOptions => ({
    signal: new AbortController().signal,
    maxBytes: 1_000,
    timeoutMs: 5_000,
    ...over,
  });
  const trusting = () => options({ trusted: { origin, headers: { authorization: PASSWORD } } });

  async function failureOf(url: string, given = options()): Promise<SafeFetchError> {
    const error: unknown = await safeFetch(url, given).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof SafeFetchError)) throw new Error(`not a SafeFetchError: ${String(error)}`);
    return error;
  }

  test('fetches from the trusted origin, with its credentials', async () => {
    answer = (_request, response) => response.setHeader('content-type', 'image/png').end('bytes');
    const file = await safeFetch(`${origin}/media`, trusting());
    expect(file.bytes.toString()).toBe('bytes');
    expect(file.contentType).toBe('image/png');
    expect(seen[0]?.headers.authorization).toBe(PASSWORD);
  });

  test.each([
    ['the metadata address', 'https://169.254.169.254/latest/meta-data/'],
    ['the metadata address of another cloud', 'https://100.100.100.200/latest/meta-data/'],
    ['the metadata address in IPv6', 'https://[fd00:ec2::254]/latest/meta-data/'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback by name', 'https://localhost/'],
    ['loopback as one number', 'https://2130706433/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback in IPv6', 'https://[::1]/'],
    ['loopback mapped into IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['loopback behind NAT64', 'https://[64:ff9b::7f00:1]/'],
    ['this host', 'https://0.0.0.0/'],
    ['a private net', 'https://10.0.0.1/'],
    ['another private net', 'https://172.16.0.1/'],
    ['a home net', 'https://192.168.1.1/'],
    ['a link', 'https://[fe80::1]/'],
    ['multicast', 'https://224.0.0.1/'],
    ['plain http', 'http://media.example/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/plain,x'],
    ['credentials in the address', 'https://user:password@media.example/'],
    ['nonsense', 'https://'],
    ['nothing', ''],
  ])('refuses %s', async (_name, url) => {
    expect((await failureOf(url)).failure).toBe('blocked');
  });

  test('refuses the trusted host at another port', async () => {
    expect((await failureOf('http://127.0.0.1:9/', trusting())).failure).toBe('blocked');
    expect((await failureOf('https://127.0.0.1:9/', trusting())).failure).toBe('blocked');
  });

  test('refuses a name that means a private address', async () => {
    const lookup: LookupFunction = (_name, { all }, done) => {
      if (all) done(null, [{ address: '10.0.0.7', family: 4 }]);
      else done(null, '10.0.0.7', 4);
    };
    expect((await failureOf('https://media.example/', options({ lookup }))).failure).toBe('blocked');
  });

  test('refuses a name one of whose addresses is private', async () => {
    const lookup: LookupFunction = (_name, { all }, done) => {
      const addresses = [
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ];
      if (all) done(null, addresses);
      else done(null, '127.0.0.1', 4);
    };
    expect((await failureOf('https://media.example/', options({ lookup }))).failure).toBe('blocked');
  });

  test('a name is resolved once: what was checked is what is dialled (DNS rebinding)', async () => {
    answer = (_request, response) => response.end('secret');
    let lookups = 0;
    const lookup: LookupFunction = (_name, { all }, done) => {
      lookups++;
      // Public when it is checked, ours when it is asked again.
      const address = lookups === 1 ? '192.88.98.1' : '127.0.0.1';
      if (all) done(null, [{ address, family: 4 }]);
      else done(null, address, 4);
    };
    const { port } = new URL(origin);
    const given = options({ lookup, timeoutMs: 500 });
    expect(['timeout', 'network']).toContain(
      (await failureOf(`https://media.example:${port}/`, given)).failure,
    );
    expect(lookups).toBe(1);
    expect(seen).toHaveLength(0);
  });

  test.each([
    'https://169.254.169.254/',
    'https://localhost/',
    'http://media.example/',
    'file:///etc/passwd',
  ])('refuses a redirect to %s', async (location) => {
    answer = (_request, response) => response.writeHead(302, { location }).end();
    expect((await failureOf(`${origin}/media`, trusting())).failure).toBe('blocked');
    expect(seen).toHaveLength(1);
  });

  test('credentials do not follow a redirect to another origin', async () => {
    let other: http.IncomingHttpHeaders | undefined;
    const elsewhere = http.createServer((request, response) => {
      other = request.headers;
      response.end();
    });
    await new Promise<void>((resolve) => {
      elsewhere.listen(0, '127.0.0.1', resolve);
    });
    const address = elsewhere.address();
    const port = typeof address === 'object' ? address?.port : 0;
    answer = (_request, response) => response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end();
    expect((await failureOf(`${origin}/media`, trusting())).failure).toBe('blocked');
    expect(other).toBeUndefined();
    await new Promise((resolve) => {
      elsewhere.close(resolve);
    });
  });

  test('follows three redirects, and no fourth', async () => {
    let redirects = 3;
    answer = (_request, response) => {
      if (redirects-- > 0) response.writeHead(302, { location: `/next${redirects}` }).end();
      else response.end('there');
    };
    expect((await safeFetch(`${origin}/media`, trusting())).bytes.toString()).toBe('there');
    redirects = 4;
    expect((await failureOf(`${origin}/media`, trusting())).failure).toBe('blocked');
  });

  test.each([
    ['announced', { 'content-length': '1001' }],
    ['not announced', {}],
  ])('stops at the size limit, %s', async (_name, headers) => {
    answer = (_request, response) => response.writeHead(200, headers).end(Buffer.alloc(1_001));
    expect((await failureOf(`${origin}/media`, trusting())).failure).toBe('too_large');
    answer = (_request, response) => response.end(Buffer.alloc(1_000));
    expect((await safeFetch(`${origin}/media`, trusting())).bytes).toHaveLength(1_000);
  });

  test.each([
    ['never answers', () => {}],
    [
      'answers and never ends',
      (_request: unknown, response: http.ServerResponse) => void response.write('a'),
    ],
  ])('gives up on a server that %s', async (_name, slow) => {
    answer = slow;
    expect((await failureOf(`${origin}/media`, { ...trusting(), timeoutMs: 200 })).failure).toBe('timeout');
  });

  test('gives up when the caller does', async () => {
    answer = () => {};
    expect((await failureOf(origin, { ...trusting(), signal: AbortSignal.abort() })).failure).toBe('timeout');
    expect((await failureOf(origin, { ...trusting(), signal: AbortSignal.timeout(50) })).failure).toBe(
      'timeout',
    );
  });

  test('tells who refused', async () => {
    answer = (_request, response) => response.writeHead(404).end();
    expect(await failureOf(origin, trusting())).toMatchObject({
      failure: 'status',
      status: 404,
      byTrusted: true,
    });
  });

  test('an answer that breaks off is no file', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    expect((await failureOf(origin, trusting())).failure).toBe('network');
  });

  test('errors do not tell the address', async () => {
    const { message } = await failureOf('https://127.0.0.1/private-path');
    expect(message).not.toMatch(/127|private-path/);
  });
});
