/**
 * The embedded database of a data folder: made when it is missing, adopted when it runs, shared between the
 * gateway and the command line, stopped by whoever leaves it last.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, realpath, rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { bringUp, isCluster, stopWithin } from './embedded-server.js';
import { asUserError } from './embedded-problem.js';
import { binariesFor } from './postgres-binaries.js';
import {
  createCluster,
  logFile,
  PostgresCommandError,
  serverUrl,
  type PostgresServer,
} from './postgres-server.js';
import { AlreadyClaimedError, claim, claimAlone, claimants, type Claim } from './process-claim.js';
import { readRunFile, writeRunFile, type RunFile } from './run-file.js';
import { canEnter, serverUser, SHARED_HOME, type ServerUser } from './server-user.js';

export interface EmbeddedOptions {
  /** TABEA_DATA_DIR; made where it is missing. */
  readonly dataDir: string;
  /** One gateway a data folder; the command line comes beside it or alone. */
  readonly purpose: 'gateway' | 'cli';
}

export interface EmbeddedDatabase {
  /** Of the database `tabea`; holds the password. */
  readonly url: string;
  /** True where the server ran already: beside a gateway, or left behind by one that was killed. */
  readonly adopted: boolean;
  /** Leaves it, and stops the server within about ten seconds unless somebody else still uses it. */
  stop(): Promise<void>;
}

const DATABASE = 'tabea';
/** Recovery after a crash may take as long as replaying the log does. */
const PATIENCE_MS = 300_000;

/** Throws UserError with a remedy where it cannot run, and where another gateway has the folder. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const place = { dataDir: resolve(options.dataDir), log: '' };
  const held: Claim[] = [];
  try {
    const folder = await dataFolder(place.dataDir);
    const claims = join(folder, 'claims');
    if (options.purpose === 'gateway') held.push(await onlyGateway(claims, folder));
    held.push(await claim(claims, 'database'));
    return await atTheSwitch(claims, async () => {
      const gateway = options.purpose === 'gateway' ? process.pid : undefined;
      const { server, run, adopted } = await runningServer(folder, gateway, (log) => (place.log = log));
      return {
        url: serverUrl(run.port, run.password, DATABASE),
        adopted,
        stop: once(() => leave(folder, claims, server, held, gateway)),
      };
    });
  } catch (error) {
    await Promise.all(held.map((own) => own.release()));
    const said = error instanceof PostgresCommandError ? error.output : '';
    throw asUserError(error, `${said}\n${endOf(place.log)}`, place);
  }
}

/** Process id of the gateway that runs on the data folder, if one does. */
export async function runningGateway(dataDir: string): Promise<number | undefined> {
  const claims = join(resolve(dataDir), 'claims');
  return existsSync(claims) ? (await claimants(claims, 'gateway'))[0] : undefined;
}

/** The folder itself is ours: where PostgreSQL is another user, he may pass through it, and see nothing in it. */
async function dataFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const folder = await realpath(path);
  if (serverUser()) await chmod(folder, ((await stat(folder)).mode & 0o777) | 0o001);
  return folder;
}

async function onlyGateway(claims: string, folder: string): Promise<Claim> {
  try {
    return await claimAlone(claims, 'gateway');
  } catch (error) {
    if (!(error instanceof AlreadyClaimedError)) throw error;
    throw new UserError('data_folder_in_use', `Tabea already runs on ${folder} (process ${error.pid}).`, {
      remedy: `Stop it first (kill ${error.pid}), or give this one a folder of its own with TABEA_DATA_DIR.`,
      cause: error,
    });
  }
}

/** One process at a time starts or stops the server, so that nobody adopts what another is about to stop. */
async function atTheSwitch<T>(claims: string, work: () => Promise<T>): Promise<T> {
  const turn = await claimAlone(claims, 'switch', PATIENCE_MS);
  try {
    return await work();
  } finally {
    await turn.release();
  }
}

async function runningServer(folder: string, gateway: number | undefined, tellLog: (path: string) => void) {
  const known = await readRunFile(folder);
  const user = serverUser();
  const home = known?.home ?? (await homeFor(folder, user));
  const server = await describe(join(home, 'cluster'), user);
  tellLog(logFile(server));
  const outside = home === join(folder, 'postgres') ? undefined : home;
  const password = known?.password ?? randomBytes(24).toString('base64url');
  if (!isCluster(server)) {
    if (known) throw missing(server);
    await createCluster(server, password);
  }
  await keepLogSmall(server);
  // A crash before `run.json` is written costs only the password, which bringUp() then sets anew.
  const { port, adopted } = await bringUp(server, { password, port: known?.port }, DATABASE, PATIENCE_MS);
  const run: RunFile = {
    port,
    password,
    ...(outside === undefined ? {} : { home: outside }),
    ...keepGateway(gateway ?? known?.gateway),
  };
  await writeRunFile(folder, run);
  return { server, run, adopted };
}

/** A cluster that exists keeps its owner, whichever users this machine has got since. */
async function describe(cluster: string, user: ServerUser | undefined): Promise<PostgresServer> {
  const owner = user && existsSync(cluster) ? statSync(cluster) : undefined;
  const runAs = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : user;
  return { binDir: await binariesFor(runAs), cluster, user: runAs };
}

/** In the data folder where PostgreSQL's user can reach it; otherwise beside it, under a name of its own. */
async function homeFor(folder: string, user: ServerUser | undefined): Promise<string> {
  if (!user || canEnter(folder, user)) return join(folder, 'postgres');
  await mkdir(SHARED_HOME, { recursive: true, mode: 0o755 });
  return join(SHARED_HOME, randomUUID());
}

/** An empty database in its place would look as if every complaint had been lost, and take in new ones. */
function missing(server: PostgresServer): UserError {
  return new UserError('database_missing', `The database of this data folder is not at ${server.cluster}.`, {
    remedy: 'Restore it from a backup, or start with an empty data folder (TABEA_DATA_DIR).',
  });
}

async function leave(
  folder: string,
  claims: string,
  server: PostgresServer,
  held: readonly Claim[],
  gateway: number | undefined,
): Promise<void> {
  await atTheSwitch(claims, async () => {
    const presence = held.at(-1);
    if ((await claimants(claims, 'database', presence)).length === 0) await stopWithin(server);
    const run = await readRunFile(folder);
    if (run && gateway !== undefined) await writeRunFile(folder, { ...run, gateway: undefined });
    for (const own of held) await own.release();
  });
}

function keepGateway(pid: number | undefined): { gateway?: number } {
  return pid === undefined ? {} : { gateway: pid };
}

/** PostgreSQL writes little here; years of it must not fill the disk. */
async function keepLogSmall(server: PostgresServer): Promise<void> {
  const log = logFile(server);
  const size = await stat(log).then(
    (status) => status.size,
    () => 0,
  );
  if (size > 5_000_000) await rename(log, `${log}.1`);
}

function endOf(log: string): string {
  return existsSync(log) ? readFileSync(log, 'utf8').slice(-4_000) : '';
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
