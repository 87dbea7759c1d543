import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startOwnPostgres, type OwnPostgres } from '../support/postgres.js';
import { startTypeScript } from '../support/process.js';
import { closeGateways, count, eventually, inboxKeys, post, startGateway } from './gateway.js';

let server: OwnPostgres;
let folder: string;

beforeAll(async () => {
  server = await startOwnPostgres({ fsync: true });
  folder = mkdtempSync(join(tmpdir(), 'tabea-crash-'));
});

afterEach(closeGateways);

afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function postToDyingProcess(id: string): Promise<number | NodeJS.Signals> {
  const dying = startTypeScript(new URL('./gateway-process.ts', import.meta.url), [
    server.url,
    folder,
    'die',
  ]);
  const origin = await dying.line();
  await expect(post({ origin }, [{ id }])).rejects.toThrow();
  return dying.ended;
}

describe('fault 8: kill -9 between storing and answering', () => {
  test('in the spool: one row after the provider’s retry', async () => {
    await server.stop('fast');
    expect(await postToDyingProcess('spooled')).toBe('SIGKILL');
    expect(readdirSync(join(folder, 'spool')).filter((name) => name.endsWith('.spool'))).toHaveLength(1);
    const next = await startGateway({ url: server.url, folder });
    expect((await post(next, [{ id: 'spooled' }])).status).toBe(200);
    await server.start();
    await eventually(() => next.intake.state().spoolFiles === 0);
    expect((await post(next, [{ id: 'spooled' }])).status).toBe(200);
    expect(await inboxKeys(next.database)).toEqual(['m:spooled']);
    expect(await count(next.database, 'envelope')).toBe(1);
    expect(next.queued).toHaveLength(1);
    await next.close();
  }, 60_000);

  test('in the database: one row after the provider’s retry', async () => {
    expect(await postToDyingProcess('stored')).toBe('SIGKILL');
    const next = await startGateway({ url: server.url, folder });
    expect((await post(next, [{ id: 'stored' }])).status).toBe(200);
    expect((await inboxKeys(next.database)).filter((key) => key === 'm:stored')).toHaveLength(1);
    await next.close();
  }, 60_000);
});
