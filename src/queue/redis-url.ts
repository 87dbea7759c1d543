/** Reads REDIS_URL in the four forms that Tabea understands. */
import { ConfigError } from '../core/errors.js';

export interface RedisTarget {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** One host for `single`; seeds or sentinels otherwise. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  /** Name of the master, for `sentinel`. */
  readonly master?: string;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

const FORM = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/]*)@)?([^/?@]+)(?:\/([^?]*))?(?:\?.*)?$/;
const DEFAULT_PORT = { single: 6379, cluster: 6379, sentinel: 26379 } as const;

/** @throws ConfigError, which never repeats the value: it may hold a password. */
export function parseRedisUrl(url: string): RedisTarget {
  const found = FORM.exec(url);
  if (!found) throw unusable();
  const [, tls, form, credentials, hostList, path] = found;
  const kind = form === 'cluster' || form === 'sentinel' ? form : 'single';
  const hosts = (hostList ?? '').split(',').map((entry) => parseHost(entry, DEFAULT_PORT[kind]));
  if (kind === 'single' && hosts.length !== 1) throw unusable();
  const [first, second] = (path ?? '').split('/');
  if (kind === 'sentinel' && !first) throw unusable();
  const db = Number((kind === 'sentinel' ? second : first) || 0);
  if (!Number.isInteger(db) || db < 0) throw unusable();
  return {
    kind,
    hosts,
    db,
    tls: tls === 's',
    ...(kind === 'sentinel' && first ? { master: decodeURIComponent(first) } : {}),
    ...parseCredentials(credentials),
  };
}

function parseHost(entry: string, defaultPort: number): { host: string; port: number } {
  const found = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(entry);
  if (!found?.[1]) throw unusable();
  return {
    host: found[1].replace(/^\[|\]$/g, ''),
    port: found[2] === undefined ? defaultPort : Number(found[2]),
  };
}

function parseCredentials(credentials: string | undefined): { username?: string; password?: string } {
  if (!credentials) return {};
  const [user, ...rest] = credentials.split(':');
  const password = rest.join(':');
  return {
    ...(user ? { username: decodeURIComponent(user) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
  };
}

function unusable(): ConfigError {
  return new ConfigError(
    ['REDIS_URL is none of redis://, rediss://, redis+cluster://h1,h2, redis+sentinel://h1,h2/name'],
    'Correct REDIS_URL, or remove it to queue on PostgreSQL.',
  );
}
