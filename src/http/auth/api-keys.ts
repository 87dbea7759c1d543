/**
 * API keys. A key is looked up by the SHA-256 of its 256 random bits: the look-up in the index compares
 * hashes that nobody can steer, so that its timing tells nothing of a key.
 */
import { timingSafeEqual } from 'node:crypto';
import { newId } from '../../core/ids.js';
import type { Role } from '../../core/case-life.js';
import { ROLES } from '../../core/case-life.js';
import type { Database } from '../../db/database.js';
import type { Principal } from './principal.js';
import { makeToken, tokenHash } from './secret-token.js';

const PREFIX = 'tbk_';
/** A revoked key works at most this much longer. */
const CACHE_MS = 2_000;
const CACHE_SIZE = 1_000;

export interface NewApiKey {
  readonly role: Role;
  /** Demanded for a liaison, refused for others. */
  readonly opdId?: string;
  /** What it is for. Default: the role. */
  readonly name?: string;
}

export interface ListedApiKey {
  readonly id: string;
  readonly role: string;
  readonly opdId: string | null;
  readonly name: string;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

/** Stores a new key and returns it: the only time that it can be read. */
export async function createApiKey(db: Database, input: NewApiKey, now = new Date()): Promise<string> {
  const key = PREFIX + makeToken();
  await insertKey(db, key, input, now);
  return key;
}

/** Stores a key that the operator chose (TABEA_BOOTSTRAP_API_KEY) where no key is there yet. True where it did. */
export async function bootstrapApiKey(db: Database, key: string, now = new Date()): Promise<boolean> {
  const { rows } = await db.pool.query('SELECT 1 FROM api_key LIMIT 1');
  if (rows.length > 0) return false;
  await insertKey(db, key, { role: 'super_admin', name: 'bootstrap' }, now);
  return true;
}

async function insertKey(db: Database, key: string, input: NewApiKey, now: Date): Promise<void> {
  if (input.role === 'liaison' && input.opdId === undefined)
    throw new Error('a key of a liaison needs an OPD');
  if (input.role !== 'liaison' && input.opdId !== undefined)
    throw new Error('only a key of a liaison has an OPD');
  await db.pool.query(
    `INSERT INTO api_key (id, hash, role, opd_id, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (hash) DO NOTHING`,
    [newId(), tokenHash(key), input.role, input.opdId ?? null, input.name ?? input.role, now],
  );
}

/** Oldest first; never the keys themselves. */
export async function listApiKeys(db: Database): Promise<ListedApiKey[]> {
  const { rows } = await db.pool.query<ListedApiKey>(
    `SELECT id, role, opd_id AS "opdId", name, created_at AS "createdAt", revoked_at AS "revokedAt"
     FROM api_key ORDER BY id`,
  );
  return rows;
}

/** True where there was a live key of that id. */
export async function revokeApiKey(db: Database, id: string, now = new Date()): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    'UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL',
    [id, now],
  );
  return rowCount === 1;
}

export interface ApiKeyVerifier {
  /** Null for a key that is unknown or revoked. */
  verify(key: string): Promise<Principal | null>;
}

interface KeyRow {
  readonly id: string;
  readonly hash: Buffer;
  readonly role: string;
  readonly opdId: string | null;
  readonly name: string;
}

/** `cacheMs` 0 switches the cache off (tests). */
export function createApiKeyVerifier(db: Database, cacheMs = CACHE_MS): ApiKeyVerifier {
  const cache = new Map<string, { readonly until: number; readonly principal: Principal }>();
  return {
    async verify(key) {
      const hash = tokenHash(key);
      const id = hash.toString('hex');
      const known = cache.get(id);
      if (known !== undefined && known.until > Date.now()) return known.principal;
      cache.delete(id);
      const principal = await lookUp(db, hash);
      if (principal !== null && cacheMs > 0) {
        if (cache.size >= CACHE_SIZE) cache.clear();
        cache.set(id, { until: Date.now() + cacheMs, principal });
      }
      return principal;
    },
  };
}

async function lookUp(db: Database, hash: Buffer): Promise<Principal | null> {
  const { rows } = await db.pool.query<KeyRow>(
    'SELECT id, hash, role, opd_id AS "opdId", name FROM api_key WHERE hash = $1 AND revoked_at IS NULL',
    [hash],
  );
  const row = rows[0];
  if (row === undefined || !timingSafeEqual(row.hash, hash)) return null;
  const role = ROLES.find((candidate) => candidate === row.role);
  return role === undefined ? null : { actorId: `key:${row.id}`, role, opd: row.opdId, name: row.name };
}
