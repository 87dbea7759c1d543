/** The process environment: what is set, checked. Errors name the variable, never its value. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../src/core/errors.js';
import type { Variables } from './interpolate.js';
import { projectRoot } from './root.js';

export const PROCESS_ROLES = ['web', 'worker', 'poller'] as const;
export type ProcessRole = (typeof PROCESS_ROLES)[number];
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export interface Env {
  /** Every variable that is set and not empty; secrets among them: never logged. */
  readonly variables: Variables;
  /** Absent: PostgreSQL is embedded. */
  readonly databaseUrl?: string | undefined;
  /** Absent: the queue runs on PostgreSQL. */
  readonly redisUrl?: string | undefined;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** No trailing slash. From host and port where it is not set. */
  readonly publicUrl: string;
  readonly publicUrlIsSet: boolean;
  /** Absolute. */
  readonly configFile: string;
  /** Absolute. */
  readonly dataDir: string;
  /** TABEA_CHANNELS; absent: as configured. */
  readonly channels?: readonly string[] | undefined;
  /** 32 bytes. */
  readonly secretKey?: Buffer | undefined;
  readonly roles: ReadonlySet<ProcessRole>;
  readonly bootstrapApiKey?: string | undefined;
  readonly bootstrapAdmin?: { readonly email: string; readonly password: string } | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly production: boolean;
  /** TABEA_DEMO; absent: decided by isDemo. */
  readonly demo?: boolean | undefined;
}

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const schema = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(?:ql)?:\/\/./)
    .optional(),
  REDIS_URL: z
    .string()
    .regex(/^(?:rediss?|redis\+cluster|redis\+sentinel):\/\/./)
    .optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(z.number().max(65_535))
    .default(8080),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !/[?#]/.test(url))
    .optional(),
  TABEA_CONFIG: z.string().optional(),
  TABEA_DATA_DIR: z.string().default('./data'),
  TABEA_CHANNELS: list.optional(),
  TABEA_SECRET_KEY: z
    .string()
    .refine(isKey)
    .transform((text) => Buffer.from(text, 'base64'))
    .optional(),
  TABEA_ROLES: list.pipe(z.array(z.enum(PROCESS_ROLES)).min(1)).default([...PROCESS_ROLES]),
  TABEA_BOOTSTRAP_API_KEY: z.string().min(8).optional(),
  TABEA_BOOTSTRAP_ADMIN: z
    .string()
    .regex(/^[^\s:@]+@[^\s:@]+:.{8,}$/)
    .optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  NODE_ENV: z.string().optional(),
  TABEA_DEMO: z.enum(['0', '1', 'false', 'true']).optional(),
});

/** What a variable must look like, for people; zod's own words could quote the value. */
const EXPECTED = {
  DATABASE_URL: 'must begin with postgresql://',
  REDIS_URL: 'must begin with redis://, rediss://, redis+cluster:// or redis+sentinel://',
  HOST: 'must be an address to listen on',
  PORT: 'must be a whole number from 0 to 65535',
  PUBLIC_URL: 'must be an http or https address without ? and #',
  TABEA_CONFIG: 'must be a path',
  TABEA_DATA_DIR: 'must be a path',
  TABEA_CHANNELS: 'must be a list of channel ids, separated by commas',
  TABEA_SECRET_KEY: 'must be 32 bytes in base64 (make one: openssl rand -base64 32)',
  TABEA_ROLES: `must be a list of ${PROCESS_ROLES.join(', ')}, separated by commas`,
  TABEA_BOOTSTRAP_API_KEY: 'must be at least 8 characters long',
  TABEA_BOOTSTRAP_ADMIN: 'must be e-mail:password, the password at least 8 characters long',
  LOG_LEVEL: `must be one of ${LOG_LEVELS.join(', ')}`,
  NODE_ENV: 'must be text',
  TABEA_DEMO: 'must be 0 or 1',
} as const satisfies Readonly<Record<keyof z.output<typeof schema>, string>>;

/** Empty counts as absent. Throws ConfigError with every variable that is wrong. */
export function readEnv(source: Variables, cwd: string = process.cwd()): Env {
  const variables = withoutEmpty(source);
  const result = schema.safeParse(variables);
  if (!result.success) {
    const wrong = new Set(result.error.issues.map((issue) => String(issue.path[0])));
    throw new ConfigError(
      Object.entries(EXPECTED).flatMap(([name, words]) => (wrong.has(name) ? [`${name}: ${words}`] : [])),
    );
  }
  const read = result.data;
  const roles = new Set(read.TABEA_ROLES);
  const production = read.NODE_ENV === 'production';
  const demo = read.TABEA_DEMO === undefined ? undefined : /^(?:1|true)$/.test(read.TABEA_DEMO);
  const problems: string[] = [];
  if (roles.size < PROCESS_ROLES.length && read.DATABASE_URL === undefined) {
    problems.push(
      'TABEA_ROLES: other than all roles needs DATABASE_URL, as the embedded database is of one process',
    );
  }
  if (production && demo === true) problems.push('TABEA_DEMO: there is no demo with NODE_ENV=production');
  if (problems.length > 0) throw new ConfigError(problems);

  return {
    variables,
    databaseUrl: read.DATABASE_URL,
    redisUrl: read.REDIS_URL,
    host: read.HOST,
    port: read.PORT,
    publicUrl: (read.PUBLIC_URL ?? `http://${bracketed(read.HOST)}:${read.PORT}`).replace(/\/+$/, ''),
    publicUrlIsSet: read.PUBLIC_URL !== undefined,
    configFile: read.TABEA_CONFIG
      ? resolve(cwd, read.TABEA_CONFIG)
      : resolve(projectRoot(), 'config/ambon.yaml'),
    dataDir: resolve(cwd, read.TABEA_DATA_DIR),
    channels: read.TABEA_CHANNELS,
    secretKey: read.TABEA_SECRET_KEY,
    roles,
    bootstrapApiKey: read.TABEA_BOOTSTRAP_API_KEY,
    bootstrapAdmin: splitAdmin(read.TABEA_BOOTSTRAP_ADMIN),
    logLevel: read.LOG_LEVEL,
    production,
    demo,
  };
}

/** The environment with more variables where they are absent: the demo's secrets and addresses. */
export function withVariables(env: Env, more: Variables, cwd?: string): Env {
  return readEnv({ ...withoutEmpty(more), ...env.variables }, cwd);
}

/**
 * Demo: `TABEA_DEMO=1`, or nothing is set that a real service sets (production, database, public address to
 * listen on, a provider's secret).
 * @param secretNames names that the configuration demands (`Config.secretNames`).
 */
export function isDemo(env: Env, secretNames: readonly string[]): boolean {
  if (env.production) return false;
  if (env.demo !== undefined) return env.demo;
  return (
    env.databaseUrl === undefined &&
    isLoopback(env.host) &&
    !secretNames.some((name) => env.variables[name] !== undefined)
  );
}

/** Throws ConfigError where TABEA_SECRET_KEY is absent. The demo puts one in first (withVariables). */
export function requireSecretKey(env: Env): Buffer {
  if (env.secretKey) return env.secretKey;
  throw new ConfigError(
    ['the environment variable TABEA_SECRET_KEY is not set'],
    'Make a key once with `openssl rand -base64 32` and keep it: without it no identity can be read again.',
  );
}

export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

function withoutEmpty(source: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(source).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  );
}

// Buffer.from skips what is not base64: the length alone would accept rubbish.
function isKey(text: string): boolean {
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) && Buffer.from(text, 'base64').length === 32;
}

function splitAdmin(text: string | undefined): Env['bootstrapAdmin'] {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  return { email: text.slice(0, colon), password: text.slice(colon + 1) };
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
