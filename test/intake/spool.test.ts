import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startOwnPostgres, type OwnPostgres } from '../support/postgres.js';
import { closeGateways, count, eventually, inboxKeys, post, startGateway, type Gateway } from './gateway.js';

let server: OwnPostgres;
let gateway: Gateway;
const mounts: string[] = [];

beforeAll(async () => {
  server = await startOwnPostgres({ fsync: true });
});

afterAll(async () => {
  await server.remove();
});

beforeEach(async () => {
  gateway = await startGateway({ url: server.url });
  await gateway.database.pool.query('TRUNCATE inbox, envelope, quarantine');
});

afterEach(async () => {
  await closeGateways();
  for (const mount of mounts.splice(0)) {
    execFileSync('umount', [mount]);
    rmSync(mount, { recursive: true });
  }
});

const spoolFiles = () => readdirSync(join(gateway.folder, 'spool')).filter((name) => name.endsWith('.spool'));
const drained = () =>
  eventually(() => gateway.intake.state().storing === 'database' && spoolFiles().length === 0);

/** Posts from several clients until told to stop; resolves with the ids answered 2xx and the statuses of the others. */
function burst(target: Gateway, clients = 8) {
  const answered: string[] = [];
  const others: number[] = [];
  const stop = new AbortController();
  const client = async (name: number) => {
    for (let n = 0; !stop.signal.aborted; n++) {
      const id = `${name}-${n}`;
      const answer = await post(target, [{ id }]);
      await answer.arrayBuffer();
      if (answer.status === 200) answered.push(id);
      else others.push(answer.status);
    }
  };
  const done = Promise.all(Array.from({ length: clients }, (_, name) => client(name)));
  return {
    answered,
    others,
    stop: async () => {
      stop.abort();
      await done;
    },
  };
}

describe('fault 6: PostgreSQL goes away in a burst', () => {
  test.each([
    ['stopped and started', () => server.stop('fast')],
    ['stopped at once', () => server.stop('immediate')],
    ['killed with -9', () => server.kill9()],
  ])(
    '%s: what was answered 200 is stored, once, and nothing was answered otherwise',
    async (_name, end) => {
      const load = burst(gateway);
      await eventually(() => load.answered.length > 50);
      await end();
      const before = load.answered.length;
      await eventually(() => load.answered.length > before + 50);
      expect(gateway.intake.state().storing).toBe('spool');
      await server.start();
      await drained();
      const after = load.answered.length;
      await eventually(() => load.answered.length > after + 20);
      await load.stop();
      await drained();
      expect(load.others).toEqual([]);
      expect(await inboxKeys(gateway.database)).toEqual(load.answered.map((id) => `m:${id}`).sort());
      // What was committed although its answer was lost is for the sweeper; everything else was announced.
      expect(new Set(gateway.queued).size).toBe(gateway.queued.length);
      expect(gateway.queued.length).toBeGreaterThan(load.answered.length - 20);
    },
    60_000,
  );

  test('down at the start: taken in all the same, drained when it comes', async () => {
    await server.stop('fast');
    const late = await startGateway({ url: server.url });
    expect((await post(late, [{ id: 'early' }])).status).toBe(200);
    expect(late.intake.state()).toEqual({ storing: 'spool', spoolFiles: 1 });
    await server.start();
    await eventually(async () => late.intake.state().spoolFiles === 0);
    expect(await inboxKeys(late.database)).toEqual(['m:early']);
    await late.close();
  }, 60_000);
});

test('a database that hangs does not hang the webhooks', async () => {
  expect((await post(gateway, [{ id: 'before' }])).status).toBe(200);
  const pids = [server.pid() ?? 0, ...(await backends())];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    const started = Date.now();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => post(gateway, [{ id: `h${n}` }])));
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    expect(Date.now() - started).toBeLessThan(4_000);
    const again = Date.now();
    expect((await post(gateway, [{ id: 'next' }])).status).toBe(200);
    expect(Date.now() - again).toBeLessThan(500);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
  await drained();
  expect(await count(gateway.database, 'inbox')).toBe(22);
}, 60_000);

async function backends(): Promise<number[]> {
  const { rows } = await gateway.database.pool.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'tabea'`,
  );
  return rows.map((row) => row.pid);
}

/** Mounting needs root; elsewhere the tests with a small disk are skipped, and say so in their names. */
const onSmallDisk = process.getuid?.() === 0 ? test : test.skip;

describe('fault 7: PostgreSQL down and no room for the spool', () => {
  onSmallDisk(
    'a full disk (a mounted tmpfs, needs root): 503 with Retry-After, never a false 200; everything goes on with room',
    async () => {
      const disk = smallDisk();
      const small = await startGateway({ url: server.url, spool: { folder: join(disk, 'spool') } });
      await server.stop('fast');
      expect((await post(small, [{ id: 'fits' }])).status).toBe(200);
      fill(disk);
      const refused = await post(small, [{ id: 'no room', text: 'x'.repeat(20_000) }]);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('5');
      expect(readdirSync(join(disk, 'spool')).filter((name) => name.startsWith('.'))).toEqual([]);
      rmSync(join(disk, 'ballast'));
      expect((await post(small, [{ id: 'no room', text: 'x'.repeat(20_000) }])).status).toBe(200);
      await server.start();
      await eventually(() => small.intake.state().spoolFiles === 0);
      expect(await inboxKeys(small.database)).toEqual(['m:fits', 'm:no room']);
      await small.close();
    },
    60_000,
  );

  test('the reserve of free space is kept', async () => {
    const small = await startGateway({
      url: server.url,
      spool: { minFreeBytes: Number.MAX_SAFE_INTEGER / 2 },
    });
    await server.stop('fast');
    expect((await post(small, [{ id: 'reserve' }])).status).toBe(503);
    expect((await post(small, '{unreadable')).status).toBe(503);
    await server.start();
    await small.close();
  }, 60_000);
});

/** A file system of one megabyte. */
function smallDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tabea-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  mounts.push(folder);
  return folder;
}

function fill(disk: string): void {
  try {
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(2 * 1024 * 1024));
  } catch {
    // Until it is full.
  }
}

/** A digit of the JSON becomes another: still JSON, only the checksum tells. */
function flipByte(path: string): void {
  const file = readFileSync(path);
  const at = file.indexOf('"receivedAt":') + '"receivedAt":'.length;
  file[at] = file[at] === 0x31 ? 0x32 : 0x31;
  writeFileSync(path, file);
}

describe('fault 9: a torn spool file', () => {
  test.each([
    ['cut off', (path: string) => truncateSync(path, 200)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['altered in one byte', flipByte],
    ['longer', (path: string) => writeFileSync(path, 'x', { flag: 'a' })],
    ['not ours', (path: string) => writeFileSync(path, 'no spool file\nat all')],
  ])(
    '%s: quarantined, kept, an ERROR in the log; the others are drained',
    async (_name, tear) => {
      await server.stop('fast');
      for (const id of ['first', 'second', 'third']) {
        expect((await post(gateway, [{ id }])).status).toBe(200);
      }
      const [, second = ''] = spoolFiles().sort();
      tear(join(gateway.folder, 'spool', second));
      await server.start();
      await drained();
      expect(await inboxKeys(gateway.database)).toEqual(['m:first', 'm:third']);
      const { rows } = await gateway.database.pool.query('SELECT kind, reason FROM quarantine');
      expect(rows).toEqual([{ kind: 'spool', reason: expect.stringContaining(second) }]);
      expect(readdirSync(join(gateway.folder, 'spool', 'torn'))).toEqual([second]);
      expect(gateway.log.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    },
    60_000,
  );
});

test('two processes that drain one spool store each event once', async () => {
  await server.stop('fast');
  for (let n = 0; n < 30; n++) await post(gateway, [{ id: `d${n}` }, { text: `part ${n}` }]);
  const other = await startGateway({ url: server.url, folder: gateway.folder });
  await server.start();
  await Promise.all([gateway.intake.drain(), other.intake.drain()]);
  await drained();
  expect(await count(gateway.database, 'inbox')).toBe(30);
  expect(await count(gateway.database, 'quarantine')).toBe(30);
  const queued = [...gateway.queued, ...other.queued];
  expect(new Set(queued).size).toBe(queued.length);
  await other.close();
}, 60_000);

test('an unreadable body is kept through the spool as well', async () => {
  await server.stop('fast');
  expect((await post(gateway, '{half')).status).toBe(400);
  await server.start();
  await drained();
  const { rows } = await gateway.database.pool.query('SELECT kind, body FROM quarantine');
  expect(rows).toEqual([{ kind: 'unparsable', body: Buffer.from('{half') }]);
}, 60_000);
