/**
 * The full-text index of cases lags a second or two behind them, so that no message pays for it. A search reads
 * the index, and beside it the few newest cases that are not in it yet: it never misses one.
 */
import { firstIdSince, timeOfId } from '../core/ids.js';
import type { Queryable } from '../db/database.js';

/**
 * Ids carry the time at which they were made; the transaction that makes a case visible ends later, and another
 * host's clock may lag. So many milliseconds before the newest indexed case nothing can be missing any more.
 */
const LAG_MS = 10 * 60_000;
const CASES_A_ROUND = 1_000;
const SMALLEST_ID = '00000000-0000-0000-0000-000000000000';

const wordsOf = (alias: string) =>
  `to_tsvector('simple', coalesce(${alias}.subject, '') || ' ' || ${alias}.text)`;
const NOT_INDEXED = 'NOT EXISTS (SELECT 1 FROM case_search s WHERE s.case_id = n.id)';

/** No case with a smaller id is missing in the index. */
export async function searchFrontier(client: Queryable): Promise<string> {
  const { rows } = await client.query<{ case_id: string }>({
    name: 'search-frontier',
    text: 'SELECT case_id FROM case_search ORDER BY case_id DESC LIMIT 1',
  });
  const [newest] = rows;
  if (newest === undefined) return SMALLEST_ID;
  return firstIdSince(new Date(timeOfId(newest.case_id).getTime() - LAG_MS));
}

/**
 * Condition on `c`, a row of `cases`: it holds the words as people type them into a search box.
 * @param words placeholder of the words.
 * @param frontier placeholder of what `searchFrontier` said just before.
 */
export function holdsWords(words: string, frontier: string): string {
  const query = `websearch_to_tsquery('simple', ${words})`;
  return `c.id IN (
    SELECT case_id FROM case_search WHERE words @@ ${query}
    UNION ALL
    SELECT n.id FROM cases n WHERE n.id >= ${frontier}::uuid AND ${wordsOf('n')} @@ ${query} AND ${NOT_INDEXED})`;
}

/** Those of the texts, as they are shown, that hold the words. */
export async function whichHoldWords<T extends { readonly subject: string | null; readonly text: string }>(
  client: Queryable,
  shown: readonly T[],
  words: string,
): Promise<Set<T>> {
  const { rows } = await client.query<{ place: number }>({
    name: 'search-shown',
    text: `SELECT t.place::int FROM unnest($1::text[]) WITH ORDINALITY AS t(words, place)
           WHERE to_tsvector('simple', t.words) @@ websearch_to_tsquery('simple', $2)`,
    values: [shown.map(({ subject, text }) => `${subject ?? ''} ${text}`), words],
  });
  return new Set(rows.flatMap(({ place }) => shown[place - 1] ?? []));
}

/**
 * Puts cases into the index that are not in it, oldest first.
 * @param frontier where to begin; without it all cases are looked at.
 * @returns how many there were.
 */
export async function indexCases(client: Queryable, frontier = SMALLEST_ID): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO case_search (case_id, words)
     SELECT n.id, ${wordsOf('n')} FROM cases n WHERE n.id >= $1::uuid AND ${NOT_INDEXED}
     ORDER BY n.id LIMIT ${CASES_A_ROUND}
     ON CONFLICT DO NOTHING`,
    [frontier],
  );
  return rowCount ?? 0;
}

/** The words of a case were changed or taken back: in the same transaction, so that nothing of them is found. */
export async function indexAgain(client: Queryable, caseId: string): Promise<void> {
  await client.query(
    `INSERT INTO case_search (case_id, words) SELECT n.id, ${wordsOf('n')} FROM cases n WHERE n.id = $1
     ON CONFLICT (case_id) DO UPDATE SET words = excluded.words`,
    [caseId],
  );
}
