/** What this installation is: environment, configuration, channels and keys, checked before anything is opened. */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { channelKinds } from '../../adapters/index.js';
import {
  resolveChannelSettings,
  type ResolvedChannel,
  type ResolvedChannels,
} from '../../config/channel-settings.js';
import { demoPortMaker, demoSecretMaker, keepDemoSecrets } from '../../config/demo-secrets.js';
import { isDemo, readEnv, requireSecretKey, withVariables, type Env } from '../../config/env.js';
import { loadConfig, type Config } from '../../config/load.js';
import { ConfigError, UserError } from '../core/errors.js';
import { deriveKeys, type Keys } from '../core/keys.js';

export interface Settings {
  readonly env: Env;
  readonly config: Config;
  readonly keys: Keys;
  readonly demo: boolean;
  readonly channels: readonly ResolvedChannel[];
  /** Enabled channels whose adapter does not exist yet: named, and in nobody's way. */
  readonly missingKinds: ResolvedChannels['missingKinds'];
}

/** Where a kind's simulator is mounted. */
export function simulatorUrl(env: Pick<Env, 'host' | 'port'>, kind: string): string {
  return `${dialUrl(env)}/simulator/${kind}`;
}

/** How this machine reaches the gateway itself, wherever the world does. */
export function dialUrl(env: Pick<Env, 'host' | 'port'>): string {
  const everywhere = env.host === '0.0.0.0' || env.host === '::' || env.host === '[::]';
  const host = everywhere
    ? '127.0.0.1'
    : env.host.includes(':')
      ? `[${env.host.replace(/[[\]]/g, '')}]`
      : env.host;
  return `http://${host}:${env.port}`;
}

/** Throws ConfigError with everything that is wrong; names keys, never values. */
export async function settle(source: NodeJS.ProcessEnv): Promise<Settings> {
  const given = await withPort(readEnv(source));
  const first = loadConfig({ env: given });
  const demo = isDemo(given, first.secretNames);
  const env = demo ? withDemoVariables(given) : given;
  const config = demo ? loadConfig({ env }) : first;
  const kinds = new Map(channelKinds.map((kind) => [kind.kind, kind.settings]));
  const [channelProblems, resolved] = attempt(() => resolveChannelSettings(config, kinds));
  const [keyProblems, secretKey] = attempt(() => requireSecretKey(env));
  if (resolved === undefined || secretKey === undefined) {
    // One list of everything that is missing; alone, each error has a remedy of its own.
    if (resolved !== undefined) requireSecretKey(env);
    throw new ConfigError([...keyProblems, ...channelProblems]);
  }
  return { env, config, demo, ...resolved, keys: deriveKeys(secretKey) };
}

function attempt<T>(work: () => T): [problems: readonly string[], result: T | undefined] {
  try {
    return [[], work()];
  } catch (error) {
    if (error instanceof ConfigError) return [error.problems, undefined];
    throw error;
  }
}

/** PORT=0 asks for any free port; the addresses that are derived from it have to know which. */
async function withPort(env: Env): Promise<Env> {
  if (env.port !== 0) return env;
  const port = await new Promise<number>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, env.host, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
  return readEnv({ ...env.variables, PORT: String(port) });
}

/** In the demo absent secrets are random and kept, and absent provider addresses are the simulator's. */
function withDemoVariables(env: Env): Env {
  demandFolder(env.dataDir);
  const kept = keepDemoSecrets(env.dataDir, {
    TABEA_SECRET_KEY: () => randomBytes(32).toString('base64'),
  });
  let variables: Readonly<Record<string, string>> = kept;
  for (const kind of channelKinds) {
    const secret = demoSecretMaker(env.dataDir, kind.kind);
    const port = demoPortMaker(env.dataDir, kind.kind);
    const played = kind.simulator?.demoEnvironment(simulatorUrl(env, kind.kind), secret, port) ?? {};
    variables = { ...played, ...variables };
  }
  return withVariables(env, variables);
}

function demandFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw new UserError('data_folder_not_writable', `The data folder ${path} cannot be made or written.`, {
      remedy: 'Give this user the right to write there, or name another folder in TABEA_DATA_DIR.',
      cause,
    });
  }
}
