/** People who work in the console. Passwords are argon2id (OWASP: 19 MiB, 2 passes, 1 lane). */
import { hash, verify } from '@node-rs/argon2';
import { newId } from '../../core/ids.js';
import { ROLES, type Role } from '../../core/case-life.js';
import { UserError } from '../../core/errors.js';
import type { Database } from '../../db/database.js';
import type { Principal } from './principal.js';

/** argon2id is the library's own choice of the variants. */
const HASHING = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
export const SHORTEST_PASSWORD = 8;
/** Longer ones cost the hash nothing, but a megabyte of them would. Characters. */
export const LONGEST_PASSWORD = 256;

export interface NewAccount {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly role: Role;
  /** Demanded for a liaison, refused for others. */
  readonly opdId?: string;
}

/** Returns the id. Throws UserError where the password is too short, or the address is taken. */
export async function createAccount(db: Database, input: NewAccount, now = new Date()): Promise<string> {
  const length = input.password.length;
  if (length < SHORTEST_PASSWORD || length > LONGEST_PASSWORD) {
    throw new UserError('password_length', 'The password cannot be used.', {
      remedy: `Choose one of ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters.`,
    });
  }
  if ((input.role === 'liaison') !== (input.opdId !== undefined)) {
    throw new UserError('account_opd', 'A liaison officer belongs to an OPD, and nobody else does.', {
      remedy: 'Give --opd with the role liaison, and only with it.',
    });
  }
  const id = newId();
  const { rowCount } = await db.pool.query(
    `INSERT INTO account (id, email, name, role, opd_id, password_hash, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (email) DO NOTHING`,
    [
      id,
      normaliseEmail(input.email),
      input.name,
      input.role,
      input.opdId ?? null,
      await hash(input.password, HASHING),
      now,
    ],
  );
  if (rowCount === 0) {
    throw new UserError('account_exists', 'There is an account with this e-mail address already.', {
      remedy: 'List the accounts with: tabea user list',
    });
  }
  return id;
}

export async function hasAccounts(db: Database): Promise<boolean> {
  const { rows } = await db.pool.query('SELECT 1 FROM account LIMIT 1');
  return rows.length > 0;
}

interface AccountRow {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly opdId: string | null;
  readonly passwordHash: string;
}

/** Null where address or password are wrong or the account is disabled; takes as long either way. */
export async function verifyLogin(
  db: Database,
  email: string,
  password: string,
): Promise<(Principal & { readonly accountId: string }) | null> {
  const { rows } = await db.pool.query<AccountRow>(
    `SELECT id, name, role, opd_id AS "opdId", password_hash AS "passwordHash"
     FROM account WHERE email = $1 AND disabled_at IS NULL`,
    [normaliseEmail(email)],
  );
  const row = rows[0];
  const tooLong = password.length > LONGEST_PASSWORD;
  const right = await verify(row?.passwordHash ?? (await nobodysHash()), tooLong ? '' : password);
  const role = ROLES.find((candidate) => candidate === row?.role);
  if (row === undefined || role === undefined || !right) return null;
  return { accountId: row.id, actorId: `user:${row.id}`, role, opd: row.opdId, name: row.name };
}

let decoy: Promise<string> | undefined;
/** An unknown address must not answer faster than a known one. */
function nobodysHash(): Promise<string> {
  decoy ??= hash(newId(), HASHING);
  return decoy;
}

export function normaliseEmail(email: string): string {
  return email.trim().toLowerCase();
}
