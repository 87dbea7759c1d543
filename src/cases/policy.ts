/** Who sees what. One policy for API, console, export and log: as a condition in SQL and as the same in code. */
import type { Confidentiality, Role } from '../core/case-life.js';

/** Somebody who looks: a person of the city or an API key. */
export interface Viewer {
  /** `user:<id>`, `key:<id>`, `system`: as it stands in events and in `created_by`. */
  readonly actorId: string;
  readonly role: Role;
  /** The OPD of a liaison. */
  readonly opd: string | null;
}

/** What the policy looks at. */
export interface GuardedCase {
  readonly opdId: string | null;
  readonly createdBy: string;
  readonly confidentiality: Confidentiality;
}

export function maySeeCase(viewer: Viewer, one: Pick<GuardedCase, 'opdId' | 'createdBy'>): boolean {
  switch (viewer.role) {
    case 'super_admin':
    case 'supervisor':
      return true;
    case 'liaison':
      return viewer.opd !== null && one.opdId === viewer.opd;
    case 'operator':
      return one.createdBy === viewer.actorId;
    case 'viewer':
      return false;
  }
}

/** A condition on `cases`, with its values. */
export interface SqlCondition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/**
 * `maySeeCase` as SQL.
 * @param firstParameter number of the first `$n` that is free.
 * @param table alias of `cases` in the statement.
 */
export function visibleCases(viewer: Viewer, firstParameter: number, table = 'c'): SqlCondition {
  switch (viewer.role) {
    case 'super_admin':
    case 'supervisor':
      return { sql: 'TRUE', values: [] };
    case 'liaison':
      return viewer.opd === null
        ? { sql: 'FALSE', values: [] }
        : { sql: `${table}.opd_id = $${firstParameter}`, values: [viewer.opd] };
    case 'operator':
      return { sql: `${table}.created_by = $${firstParameter}`, values: [viewer.actorId] };
    case 'viewer':
      return { sql: 'FALSE', values: [] };
  }
}

/**
 * Who may read name and address of the reporter. Of an anonymous case nobody, before a supervisor reveals
 * it; of a secret one the city's own desk, not the department.
 */
export function maySeeReporter(viewer: Viewer, one: GuardedCase): boolean {
  if (!maySeeCase(viewer, one) || one.confidentiality === 'anonymous') return false;
  return one.confidentiality === 'public' || viewer.role !== 'liaison';
}
