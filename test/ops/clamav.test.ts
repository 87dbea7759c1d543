/** The client against a real clamd, and against listeners that do not behave. */
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createClamd, ScannerError } from '../../src/ops/clamav.js';
import { CLAMD, SIGNATURE, startClamd, VIRUS, type TestClamd } from '../support/clamd.js';
import { describeWith } from '../support/redis.js';

describeWith(CLAMD, ['--version'], 'a real clamd', () => {
  let clamd: TestClamd;
  beforeAll(async () => {
    clamd = await startClamd(['StreamMaxLength 1M']);
  }, 30_000);
  afterAll(() => clamd.remove());

  test.each(['address', 'socket'] as const)('judges by %s', async (way) => {
    const scanner = createClamd(clamd[way]);
    expect(await scanner.scan(VIRUS)).toEqual({ state: 'infected', signature: `${SIGNATURE}.UNOFFICIAL` });
    expect(await scanner.scan(Buffer.from('Jalan rusak'))).toEqual({ state: 'clean' });
    expect(await scanner.scan(Buffer.alloc(0))).toEqual({ state: 'clean' });
    expect(await scanner.scan(Buffer.alloc(900_000, 'x'))).toEqual({ state: 'clean' });
    expect(await scanner.version()).toMatch(/^ClamAV \d/);
  });

  test('a file that is larger than it takes has no verdict, and the reason says what to do', async () => {
    const error: unknown = await createClamd(clamd.address)
      .scan(Buffer.alloc(9_000_000, 'x'))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ScannerError);
    expect(error).toMatchObject({ trouble: 'size' });
    expect(String(error)).toContain('StreamMaxLength');
  });

  test('twenty at once are twenty verdicts', async () => {
    const scanner = createClamd(clamd.address);
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, (_, i) => scanner.scan(i % 2 === 0 ? VIRUS : Buffer.from(`berkas ${i}`))),
    );
    expect(verdicts.map((verdict) => verdict.state === 'infected')).toEqual(
      Array.from({ length: 20 }, (_, i) => i % 2 === 0),
    );
  });
});

describe('without a verdict nothing counts as clean', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listening(answer: string | null): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        if (answer !== null) socket.end(answer);
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `tcp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  test.each([
    ['nobody listens', 'tcp://127.0.0.1:1', 'unreachable'],
    ['there is no socket', 'unix:/nonexistent/clamd.sock', 'unreachable'],
  ])('%s', async (_what, address, trouble) => {
    await expect(createClamd(address).scan(VIRUS)).rejects.toMatchObject({ trouble });
  });

  test.each([
    ['it falls silent', null, 'timeout'],
    ['it closes without a word', '', 'unreachable'],
    ['it answers something else', 'UNKNOWN COMMAND\0', 'answer'],
    ['it ends with an error', 'stream: Can not open file ERROR\0', 'answer'],
  ])('%s', async (_what, answer, trouble) => {
    const scanner = createClamd(await listening(answer), { answerMs: 200 });
    await expect(scanner.scan(VIRUS)).rejects.toMatchObject({ trouble });
  });

  test('an address must be one', () => {
    expect(() => createClamd('http://127.0.0.1')).toThrow('tcp://host:port');
  });
});
