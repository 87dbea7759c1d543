/** When the store cannot take a message, and how that is told from a message that the store refuses. */

/** Neither database nor spool can take it now: answered with 503, so that the provider tries again. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/**
 * True where PostgreSQL refuses the data itself: the same row would be refused again, its neighbours would not.
 * Classes 22 (data exception), 23 (integrity), 54 (limit exceeded), 21 (cardinality); see PostgreSQL, appendix A.
 * Everything else (connection, resources 53, shutdown 57P, a read-only standby 25, a missing table 42)
 * says that the database cannot take anything now, and the spool takes over.
 */
export function isDataError(error: unknown): boolean {
  return ['22', '23', '54', '21'].includes(sqlState(error)?.slice(0, 2) ?? '');
}

/** Deadlock or serialisation failure: the statement may simply run again. */
export function isWorthRepeating(error: unknown): boolean {
  const state = sqlState(error);
  return state === '40P01' || state === '40001';
}

/** The five-character SQLSTATE, where the error came from PostgreSQL. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}
