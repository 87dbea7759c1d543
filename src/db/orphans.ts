/** Looks after the references that no foreign key guards, see docs/adr/0008. */
import type { Database } from './database.js';

/** Rows whose case or reporter is not there, by table. Reads whole tables: for an operator, not for a request. */
export async function countOrphans({ pool }: Database): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ name: string; orphans: number }>(`
    SELECT 'contact' AS name, count(*)::int AS orphans FROM contact x
      WHERE NOT EXISTS (SELECT FROM reporter r WHERE r.id = x.reporter_id)
    UNION ALL
    SELECT 'cases', count(*)::int FROM cases x
      WHERE reporter_id IS NOT NULL AND NOT EXISTS (SELECT FROM reporter r WHERE r.id = x.reporter_id)
    UNION ALL
    SELECT 'message', count(*)::int FROM message x
      WHERE case_id IS NOT NULL AND NOT EXISTS (SELECT FROM cases c WHERE c.id = x.case_id)
    UNION ALL
    SELECT 'outbox', count(*)::int FROM outbox x
      WHERE case_id IS NOT NULL AND NOT EXISTS (SELECT FROM cases c WHERE c.id = x.case_id)
    UNION ALL
    SELECT 'case_event', count(*)::int FROM case_event x
      WHERE NOT EXISTS (SELECT FROM cases c WHERE c.id = x.case_id)`);
  return Object.fromEntries(rows.map(({ name, orphans }) => [name, orphans]));
}
