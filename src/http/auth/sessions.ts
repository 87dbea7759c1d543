/** Sessions of the console: a random token in a cookie, its SHA-256 in the database. */
import type { Request, Response } from 'express';
import { ROLES } from '../../core/case-life.js';
import type { Clock } from '../../core/channel.js';
import type { Database } from '../../db/database.js';
import { readCookie } from '../web/cookies.js';
import type { Principal } from './principal.js';
import { makeToken, tokenHash } from './secret-token.js';

/** A clerk's working day, and a lunch break of idleness. */
const ABSOLUTE_MS = 12 * 3_600_000;
const IDLE_MS = 2 * 3_600_000;
/** `seen_at` is written at most this often. */
const TOUCH_MS = 60_000;

export interface Session {
  readonly principal: Principal;
  /** Secret that CSRF tokens of this session are made with. */
  readonly csrf: string;
}

export interface Sessions {
  /** Starts a new session (the old one of this browser ends) and sets its cookie. */
  start(request: Request, response: Response, accountId: string): Promise<void>;
  /** Null where there is none that lives. */
  read(request: Request): Promise<Session | null>;
  end(request: Request, response: Response): Promise<void>;
}

interface SessionRow {
  readonly accountId: string;
  readonly csrf: string;
  readonly seenAt: Date;
  readonly name: string;
  readonly role: string;
  readonly opdId: string | null;
}

/** `secure`: the public address is https; the cookie then has the `__Host-` prefix, which ties it to this host. */
export function createSessions(db: Database, clock: Clock, secure: boolean): Sessions {
  const cookie = secure ? '__Host-tabea' : 'tabea';
  const options = { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const;

  const forget = async (request: Request) => {
    const token = readCookie(request, cookie);
    if (token !== undefined) await db.pool.query('DELETE FROM session WHERE hash = $1', [tokenHash(token)]);
  };

  return {
    async start(request, response, accountId) {
      await forget(request);
      const token = makeToken();
      const now = clock.now();
      await db.pool.query('DELETE FROM session WHERE expires_at < $1', [now]);
      await db.pool.query(
        `INSERT INTO session (hash, account_id, csrf, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5)`,
        [tokenHash(token), accountId, makeToken(), now, new Date(now.getTime() + ABSOLUTE_MS)],
      );
      response.cookie(cookie, token, { ...options, maxAge: ABSOLUTE_MS });
    },

    async read(request) {
      const token = readCookie(request, cookie);
      if (token === undefined) return null;
      const now = clock.now();
      const { rows } = await db.pool.query<SessionRow>(
        `SELECT s.account_id AS "accountId", s.csrf, s.seen_at AS "seenAt", a.name, a.role, a.opd_id AS "opdId"
         FROM session s JOIN account a ON a.id = s.account_id
         WHERE s.hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND a.disabled_at IS NULL`,
        [tokenHash(token), now, new Date(now.getTime() - IDLE_MS)],
      );
      const row = rows[0];
      const role = ROLES.find((candidate) => candidate === row?.role);
      if (row === undefined || role === undefined) return null;
      if (now.getTime() - row.seenAt.getTime() > TOUCH_MS) {
        await db.pool.query('UPDATE session SET seen_at = $2 WHERE hash = $1', [tokenHash(token), now]);
      }
      const principal = { actorId: `user:${row.accountId}`, role, opd: row.opdId, name: row.name };
      return { principal, csrf: row.csrf };
    },

    async end(request, response) {
      await forget(request);
      response.clearCookie(cookie, options);
    },
  };
}
