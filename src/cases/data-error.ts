/** Tells a message that cannot be taken in from a store that cannot be reached. */
import { DatabaseError } from 'pg';

/** Deciding on a message threw: its content is not what it should be, or we have a fault. */
export class UndecidableError extends Error {
  override readonly name = 'UndecidableError';
}

/**
 * SQLSTATE classes that say nothing about the data: connection, transaction state, rollback (serialization,
 * deadlock), authorization, syntax and schema, resources, operator intervention, system.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const NOT_OF_THE_DATA = new Set(['08', '25', '28', '3D', '3F', '40', '42', '53', '55', '57', '58', 'F0']);

/** True where the same data would fail again, so that it must be isolated instead of tried for ever. */
export function isDataError(error: unknown): boolean {
  if (error instanceof UndecidableError) return true;
  return error instanceof DatabaseError && !NOT_OF_THE_DATA.has(error.code?.slice(0, 2) ?? '08');
}

/** A code for quarantine and log; PostgreSQL's messages quote data and stay out. */
export function dataErrorCode(error: unknown): string {
  if (error instanceof DatabaseError) return `ingest:${error.code ?? 'database'}`;
  return 'ingest:undecidable';
}
