/** Finds cases for those who may see them; times in the city's zone. */
import type { CaseStatus, CaseType, Confidentiality } from '../core/case-life.js';
import { isTrackingNumber } from '../core/tracking-number.js';
import { toLocalIso } from '../core/working-time.js';
import { maySeeReporter, visibleCases, type GuardedCase, type Viewer } from './policy.js';
import { eventsOf, messagesOf, notesOf, type Veil } from './case-detail.js';
import { maskFor, unmasked } from './mask.js';
import { readReporters, type ReporterView } from './reporters.js';
import { holdsWords, searchFrontier, whichHoldWords } from './search-index.js';
import type { CaseServices } from './services.js';
import type { CaseSummary, CaseView } from './views.js';

export interface CaseFilter {
  readonly channel?: string;
  readonly status?: CaseStatus;
  readonly opd?: string;
  /** A tracking number, or words. */
  readonly q?: string;
  /** From `nextCursor`. */
  readonly cursor?: string;
  /** 1–100; default 25. */
  readonly limit?: number;
}

export interface CasePage {
  readonly items: readonly CaseSummary[];
  readonly nextCursor: string | null;
}

/** The cursor was not made by us. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

interface CaseRow {
  readonly id: string;
  readonly tracking_number: string;
  readonly type: CaseType;
  readonly status: CaseStatus;
  readonly channel_id: string;
  readonly confidentiality: Confidentiality;
  readonly subject: string | null;
  readonly text: string;
  readonly reporter_id: string | null;
  readonly opd_id: string | null;
  readonly place: string | null;
  readonly occurred_at: Date | null;
  readonly submitted_at: Date | null;
  readonly created_at: Date;
  readonly due_at: Date;
  readonly created_by: string;
  readonly flags: readonly string[] | null;
  readonly undelivered: boolean | null;
  readonly version: number;
}

const DEFAULT_LIMIT = 25;
const LIMIT_AT_MOST = 100;
/** `undelivered`: the last that was written to the reporter has not reached him, or nobody knows. */
const COLUMNS = `c.*, (SELECT o.state IN ('failed', 'unknown') FROM outbox o WHERE o.case_id = c.id
  ORDER BY o.id DESC LIMIT 1) AS undelivered`;

/** Newest first. Throws BadCursor. */
export async function listCases(
  services: CaseServices,
  filter: CaseFilter,
  viewer: Viewer,
): Promise<CasePage> {
  const limit = Math.min(Math.max(filter.limit ?? DEFAULT_LIMIT, 1), LIMIT_AT_MOST);
  const visible = visibleCases(viewer, 1);
  const conditions = [visible.sql];
  const values = [...visible.values];
  const where = (sql: (parameter: string) => string, value: unknown) => {
    values.push(value);
    conditions.push(sql(`$${values.length}`));
  };
  if (filter.channel !== undefined) where((p) => `c.channel_id = ${p}`, filter.channel);
  if (filter.status !== undefined) where((p) => `c.status = ${p}`, filter.status);
  if (filter.opd !== undefined) where((p) => `c.opd_id = ${p}`, filter.opd);
  if (filter.cursor !== undefined) where((p) => `c.id < ${p}::uuid`, decodeCursor(filter.cursor));
  const number = filter.q?.replaceAll(/[\s.-]/g, '') ?? '';
  if (isTrackingNumber(number)) where((p) => `c.tracking_number = ${p}`, number);
  else if (filter.q !== undefined && filter.q.trim() !== '') {
    values.push(await searchFrontier(services.database.pool));
    const frontier = `$${values.length}`;
    where((p) => holdsWords(p, frontier), filter.q);
  }
  const { rows } = await services.database.pool.query<CaseRow>(
    `SELECT ${COLUMNS} FROM cases c WHERE ${conditions.join(' AND ')} ORDER BY c.id DESC LIMIT ${limit + 1}`,
    values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const seen = await behindVeils(services, page, viewer);
  const items = seen.map(summaryOf(services));
  const isSearch = !isTrackingNumber(number) && filter.q !== undefined && filter.q.trim() !== '';
  return {
    items: isSearch ? await withoutGuesses(services, seen, items, filter.q ?? '') : items,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null,
  };
}

/** One case with its messages and events; null where there is none or the viewer may not see it. */
export async function getCase(
  services: CaseServices,
  trackingNumber: string,
  viewer: Viewer,
): Promise<CaseView | null> {
  if (!isTrackingNumber(trackingNumber)) return null;
  const visible = visibleCases(viewer, 2);
  const { rows } = await services.database.pool.query<CaseRow>(
    `SELECT ${COLUMNS} FROM cases c WHERE c.tracking_number = $1 AND ${visible.sql}`,
    [trackingNumber, ...visible.values],
  );
  const row = rows[0];
  if (!row) return null;
  const [seen] = await behindVeils(services, [row], viewer);
  if (!seen) return null;
  const [messages, events, notes, linked] = await Promise.all([
    messagesOf(services, row.id, seen),
    eventsOf(services, row.id),
    notesOf(services, row.id, seen),
    linkedTo(services, row.id, viewer),
  ]);
  return { ...summaryOf(services)(seen), messages, events, notes, linked };
}

/** Its id, for the change feed; null where there is none or the viewer may not see it. */
export async function findCaseId(
  services: CaseServices,
  trackingNumber: string,
  viewer: Viewer,
): Promise<string | null> {
  const visible = visibleCases(viewer, 2);
  const { rows } = await services.database.pool.query<{ id: string }>(
    `SELECT c.id FROM cases c WHERE c.tracking_number = $1 AND ${visible.sql}`,
    [trackingNumber, ...visible.values],
  );
  return rows[0]?.id ?? null;
}

/** The status and nothing else, for whoever has the number; null where there is none. */
export async function publicStatus(
  services: CaseServices,
  trackingNumber: string,
): Promise<CaseStatus | null> {
  const { rows } = await services.database.pool.query<{ status: CaseStatus }>(
    'SELECT status FROM cases WHERE tracking_number = $1',
    [trackingNumber],
  );
  return rows[0]?.status ?? null;
}

function guarded(row: CaseRow): GuardedCase {
  return { opdId: row.opd_id, createdBy: row.created_by, confidentiality: row.confidentiality };
}

/** A case as its viewer may see it. */
interface SeenCase extends Veil {
  readonly row: CaseRow;
  /** Null to those who may not see him. */
  readonly reporter: ReporterView | null;
}

/** Who may not see the reporter is shown texts in which he is not named: for that he must be known here. */
async function behindVeils(
  services: CaseServices,
  rows: readonly CaseRow[],
  viewer: Viewer,
): Promise<SeenCase[]> {
  const reporters = await readReporters(
    services,
    rows.flatMap((row) => row.reporter_id ?? []),
  );
  return rows.map((row) => {
    const reporter = row.reporter_id === null ? null : (reporters.get(row.reporter_id) ?? null);
    return maySeeReporter(viewer, guarded(row))
      ? { row, named: true, mask: unmasked, reporter }
      : { row, named: false, mask: maskFor(reporter), reporter: null };
  });
}

function summaryOf({ rules }: CaseServices): (seen: SeenCase) => CaseSummary {
  const local = (at: Date | null) => (at === null ? null : toLocalIso(at, rules.calendar));
  return ({ row, mask, reporter }) => ({
    trackingNumber: row.tracking_number,
    type: row.type,
    status: row.status,
    channelId: row.channel_id,
    confidentiality: row.confidentiality,
    subject: row.subject === null ? null : mask(row.subject),
    text: mask(row.text),
    reporter,
    opd: row.opd_id,
    place: row.place === null ? null : mask(row.place),
    occurredAt: local(row.occurred_at),
    submittedAt: local(row.submitted_at),
    createdAt: toLocalIso(row.created_at, rules.calendar),
    dueAt: toLocalIso(row.due_at, rules.calendar),
    flags: [...(row.undelivered === true ? ['undelivered'] : []), ...(row.flags ?? [])],
    version: row.version,
  });
}

/** Who guesses a name must not learn from what is found that it stands there: what he is not shown, he has not found. */
async function withoutGuesses(
  { database }: CaseServices,
  seen: readonly SeenCase[],
  items: readonly CaseSummary[],
  words: string,
): Promise<CaseSummary[]> {
  const veiled = items.filter((_, index) => seen[index]?.named === false);
  if (veiled.length === 0) return [...items];
  const found = await whichHoldWords(database.pool, veiled, words);
  return items.filter((item) => !veiled.includes(item) || found.has(item));
}

async function linkedTo(services: CaseServices, caseId: string, viewer: Viewer): Promise<string[]> {
  const visible = visibleCases(viewer, 2);
  const { rows } = await services.database.pool.query<{ tracking_number: string }>(
    `SELECT c.tracking_number FROM cases c
     WHERE c.id IN (SELECT other_id FROM case_link WHERE case_id = $1
                    UNION SELECT case_id FROM case_link WHERE other_id = $1) AND ${visible.sql}
     ORDER BY c.id`,
    [caseId, ...visible.values],
  );
  return rows.map((row) => row.tracking_number);
}

function encodeCursor(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
}

function decodeCursor(cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== 16) throw new BadCursor('The cursor is not one of ours.');
  return bytes.toString('hex');
}
