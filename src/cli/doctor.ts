/** `tabea doctor`: looks at everything that a start needs, and says what to do about what is wrong. */
import { mkdir, statfs } from 'node:fs/promises';
import { createAdapters } from '../compose/channels.js';
import { scannerOf } from '../compose/scanner.js';
import { settle, type Settings } from '../compose/settings.js';
import { openStore, type Store } from '../compose/store.js';
import { UserError } from '../core/errors.js';
import { inspectSchema } from '../db/migrate.js';
import { countOrphans } from '../db/orphans.js';
import { ScannerError } from '../ops/clamav.js';
import { createLogger } from '../ops/log.js';
import { createQueueSystem } from '../queue/create-queue-system.js';
import { hint, print } from './output.js';

type Mark = 'ok' | 'warn' | 'FAIL';

interface Finding {
  readonly mark: Mark;
  readonly what: string;
  readonly remedy?: string;
}

const SPOOL_NEEDS_BYTES = 64 * 1024 * 1024;
const CLOCK_TOLERANCE_MS = 5_000;
const PROBE_MS = 15_000;

/** Resolves with the exit code: 0 where nothing fails. */
export async function doctor(): Promise<number> {
  let worst = 0;
  const say = ({ mark, what, remedy }: Finding) => {
    print(`${mark.padEnd(4)}  ${what}`);
    if (remedy !== undefined) print(`      → ${remedy}`);
    if (mark === 'FAIL') worst = 1;
  };
  let settings: Settings;
  try {
    settings = await settle(process.env);
  } catch (error) {
    say(asFinding('configuration', error));
    return 1;
  }
  say({ mark: 'ok', what: `configuration ${settings.config.file}${settings.demo ? ' (demo)' : ''}` });
  for (const finding of channelFindings(settings)) say(finding);
  say(await disk(settings));

  let store: Store | undefined;
  try {
    store = await openStore({ env: settings.env, purpose: 'cli' });
    say({
      mark: 'ok',
      what: store.embedded ? 'database: embedded, answers' : 'database: DATABASE_URL answers',
    });
    say(await schema(store));
    for (const finding of await references(store)) say(finding);
    say(await clock(store));
    say(await queue(settings, store));
  } catch (error) {
    say(asFinding('database', error));
  } finally {
    await store?.close();
  }
  for (const finding of await providers(settings)) say(finding);
  say(await antivirus(settings));
  if (worst > 0) hint('Something above must be mended before Tabea can be trusted.');
  return worst;
}

function channelFindings(settings: Settings): Finding[] {
  const provisional = settings.config.provisionalYears;
  return [
    ...settings.channels.map(({ channel }) => ({
      mark: 'ok' as const,
      what: `channel ${channel.id} (${channel.kind})`,
    })),
    ...settings.missingKinds.map(({ channelId, kind }) => ({
      mark: 'warn' as const,
      what: `channel ${channelId}: there is no adapter of kind ${kind} yet`,
      remedy: 'Its messages are not taken in. Set enabled: false, or leave it out of TABEA_CHANNELS.',
    })),
    ...(provisional.length === 0
      ? []
      : [
          {
            mark: 'warn' as const,
            what: `calendar: ${provisional.join(', ')} waits for the decree on holidays`,
            remedy: 'Complete config/calendar.yaml when it is published.',
          },
        ]),
  ];
}

async function disk({ env }: Settings): Promise<Finding> {
  try {
    await mkdir(env.dataDir, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(env.dataDir);
    const free = bavail * bsize;
    const what = `disk: ${Math.floor(free / 1024 / 1024)} MB free for ${env.dataDir}`;
    if (free >= SPOOL_NEEDS_BYTES * 8) return { mark: 'ok', what };
    return {
      mark: free < SPOOL_NEEDS_BYTES ? 'FAIL' : 'warn',
      what,
      remedy: 'Make room, or move TABEA_DATA_DIR.',
    };
  } catch {
    return {
      mark: 'FAIL',
      what: `disk: ${env.dataDir} cannot be used`,
      remedy: 'Give this user the right to write there, or set TABEA_DATA_DIR.',
    };
  }
}

async function schema(store: Store): Promise<Finding> {
  const found = await inspectSchema(store.database);
  switch (found.state) {
    case 'current':
      return { mark: 'ok', what: 'schema: current' };
    case 'empty':
      return { mark: 'ok', what: 'schema: none yet; the first start makes it' };
    case 'older':
      return {
        mark: 'FAIL',
        what: 'schema: older than this Tabea',
        remedy: 'Back up, then npx tabea migrate.',
      };
    case 'newer':
      return { mark: 'FAIL', what: 'schema: made by a newer Tabea', remedy: 'Install that version.' };
    case 'half':
      return {
        mark: 'FAIL',
        what: `schema: not whole (${found.missing.join(', ')})`,
        remedy: 'Restore the database from a back-up.',
      };
  }
}

/** What foreign keys would see to where there are none, see docs/adr/0008. */
async function references({ database }: Store): Promise<Finding[]> {
  if ((await inspectSchema(database)).state !== 'current') return [];
  const orphans = Object.entries(await countOrphans(database)).filter(([, rows]) => rows > 0);
  if (orphans.length === 0) return [{ mark: 'ok', what: 'references: no case or reporter is missing' }];
  const where = orphans.map(([table, rows]) => `${table}: ${rows}`).join(', ');
  return [
    {
      mark: 'FAIL',
      what: `references: rows name a case or reporter that is missing (${where})`,
      remedy: 'Restore the database from a back-up, and report this as a bug of Tabea.',
    },
  ];
}

async function clock(store: Store): Promise<Finding> {
  const before = Date.now();
  const { rows } = await store.database.pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const middle = (before + Date.now()) / 2;
  const apart = Math.abs((rows[0]?.now.getTime() ?? 0) - middle);
  if (apart <= CLOCK_TOLERANCE_MS) return { mark: 'ok', what: 'clock: agrees with the database' };
  return {
    mark: 'FAIL',
    what: `clock: ${Math.round(apart / 1_000)} s away from the database's`,
    remedy: 'Let both machines follow a time server (chrony, systemd-timesyncd).',
  };
}

async function queue({ env }: Settings, store: Store): Promise<Finding> {
  const system = createQueueSystem({
    databaseUrl: store.url,
    ...(env.redisUrl === undefined ? {} : { redisUrl: env.redisUrl }),
    logger: createLogger({ level: 'silent' }),
  });
  try {
    const health = await settled(() => system.health());
    const where = system.backend === 'redis' ? 'REDIS_URL' : 'on the database';
    if (health.state === 'ok') return { mark: 'ok', what: `queue: ${where}, answers` };
    return {
      mark: 'warn',
      what: `queue: ${where}, ${health.detail}`,
      remedy:
        'Messages are still stored; nothing is worked on until it answers. Check REDIS_URL and the server.',
    };
  } finally {
    await system.close();
  }
}

/** A connection that has only just been asked for may need a moment. */
async function settled<T extends { readonly state: string }>(ask: () => Promise<T>): Promise<T> {
  for (let left = 10; ; left--) {
    const health = await ask();
    if (health.state === 'ok' || left === 0) return health;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function providers(settings: Settings): Promise<Finding[]> {
  if (settings.demo) return [{ mark: 'ok', what: 'providers: played by the simulator of the demo' }];
  const around = { clock: { now: () => new Date() }, logger: createLogger({ level: 'silent' }) };
  const findings: Finding[] = [];
  for (const [channelId, adapter] of createAdapters(settings, around)) {
    if (adapter.probe !== undefined) {
      const health = await adapter
        .probe(AbortSignal.timeout(PROBE_MS))
        .catch(() => ({ state: 'down' as const, detail: 'The provider was not reached' }));
      const mark = health.state === 'ok' ? 'ok' : health.state === 'degraded' ? 'warn' : 'FAIL';
      findings.push({ mark, what: `provider of ${channelId}: ${health.detail || health.state}` });
    }
    await adapter.close?.();
  }
  return findings;
}

async function antivirus({ config, demo }: Settings): Promise<Finding> {
  const { scanner } = scannerOf(config);
  if (scanner === undefined) {
    const what = 'virus scanner: none, files are handed out as they came';
    if (demo) return { mark: 'ok', what };
    return { mark: 'warn', what, remedy: 'Run clamd and name it in antivirus.clamd (CLAMD_URL).' };
  }
  try {
    return { mark: 'ok', what: `virus scanner: ${await scanner.version()}` };
  } catch (error) {
    const why = error instanceof ScannerError ? error.message : 'clamd does not answer';
    return {
      mark: 'FAIL',
      what: `virus scanner: ${why}; files are held back`,
      remedy: 'Start clamd (clamav-daemon), or correct antivirus.clamd (CLAMD_URL).',
    };
  }
}

function asFinding(what: string, error: unknown): Finding {
  if (error instanceof UserError)
    return { mark: 'FAIL', what: `${what}: ${error.message}`, remedy: error.remedy };
  return {
    mark: 'FAIL',
    what: `${what}: an unexpected ${error instanceof Error ? error.name : typeof error}`,
  };
}
