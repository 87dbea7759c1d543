/** Cases as the API and the console show them: the names of the contract, times in the city's zone. */
import type { EventData } from '../core/case-event.js';
import type { CaseStatus, CaseType, Confidentiality } from '../core/case-life.js';
import type { OutboxState } from '../core/delivery-state.js';
import { isTrackingNumber } from '../core/tracking-number.js';
import { toLocalIso } from '../core/working-time.js';
import { maySeeReporter, visibleCases, type Viewer } from './policy.js';
import { readReporters, type ReporterView } from './reporters.js';
import type { CaseServices } from './services.js';

export interface CaseSummary {
  readonly trackingNumber: string;
  readonly type: CaseType;
  readonly status: CaseStatus;
  readonly channelId: string;
  readonly confidentiality: Confidentiality;
  readonly subject: string | null;
  readonly text: string;
  /** Null to those who may not see it, and where nothing is known. */
  readonly reporter: ReporterView | null;
  /** Id of the OPD. */
  readonly opd: string | null;
  readonly place: string | null;
  readonly occurredAt: string | null;
  readonly submittedAt: string | null;
  readonly createdAt: string;
  readonly dueAt: string;
  /** `emergency`, `automated`, `linked`, `flood`, `new_message`. */
  readonly flags: readonly string[];
  /** Counts changes: the ETag. */
  readonly version: number;
}

export interface MessageView {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly channelId: string;
  readonly externalId: string | null;
  readonly subject: string | null;
  readonly text: string;
  readonly attachments: readonly AttachmentView[];
  readonly automated: boolean;
  readonly delivery: OutboxState | null;
  readonly at: string;
  /** Of an outgoing message: what it was about (`received`, `answered` …). */
  readonly purpose: string | null;
  readonly withdrawnAt: string | null;
}

export interface AttachmentView {
  readonly name: string;
  readonly contentType: string;
  readonly size: number | null;
  /** `wanted` (still at the provider), `stored`, or what the media worker found. */
  readonly state: string;
}

export interface EventView {
  readonly seq: number;
  readonly kind: string;
  readonly actor: string;
  readonly at: string;
  readonly data: EventData;
  readonly hash: string;
}

export interface CaseView extends CaseSummary {
  readonly messages: readonly MessageView[];
  readonly events: readonly EventView[];
  /** Words of the staff that events refer to by id. */
  readonly notes: readonly {
    readonly id: string;
    readonly author: string;
    readonly text: string;
    readonly at: string;
  }[];
  /** Tracking numbers of cases that belong beside this one, where the viewer may see them. */
  readonly linked: readonly string[];
}

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
  readonly version: number;
}

const DEFAULT_LIMIT = 25;
const LIMIT_AT_MOST = 100;
const SEARCHED = `to_tsvector('simple', coalesce(c.subject, '') || ' ' || c.text)`;

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
    where((p) => `${SEARCHED} @@ websearch_to_tsquery('simple', ${p})`, filter.q);
  }
  const { rows } = await services.database.pool.query<CaseRow>(
    `SELECT c.* FROM cases c WHERE ${conditions.join(' AND ')} ORDER BY c.id DESC LIMIT ${limit + 1}`,
    values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: await summaries(services, page, viewer),
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
    `SELECT c.* FROM cases c WHERE c.tracking_number = $1 AND ${visible.sql}`,
    [trackingNumber, ...visible.values],
  );
  const row = rows[0];
  if (!row) return null;
  const [[summary], messages, events, notes, linked] = await Promise.all([
    summaries(services, [row], viewer),
    messagesOf(services, row.id),
    eventsOf(services, row.id),
    notesOf(services, row.id),
    linkedTo(services, row.id, viewer),
  ]);
  return summary ? { ...summary, messages, events, notes, linked } : null;
}

async function summaries(
  services: CaseServices,
  rows: readonly CaseRow[],
  viewer: Viewer,
): Promise<CaseSummary[]> {
  const guarded = (row: CaseRow) => ({
    opdId: row.opd_id,
    createdBy: row.created_by,
    confidentiality: row.confidentiality,
  });
  // What may not be shown is not even deciphered.
  const shown = rows.filter((row) => maySeeReporter(viewer, guarded(row)));
  const reporters = await readReporters(
    services,
    shown.flatMap((row) => row.reporter_id ?? []),
  );
  const local = (at: Date | null) => (at === null ? null : toLocalIso(at, services.rules.calendar));
  return rows.map((row) => ({
    trackingNumber: row.tracking_number,
    type: row.type,
    status: row.status,
    channelId: row.channel_id,
    confidentiality: row.confidentiality,
    subject: row.subject,
    text: row.text,
    reporter:
      shown.includes(row) && row.reporter_id !== null ? (reporters.get(row.reporter_id) ?? null) : null,
    opd: row.opd_id,
    place: row.place,
    occurredAt: local(row.occurred_at),
    submittedAt: local(row.submitted_at),
    createdAt: toLocalIso(row.created_at, services.rules.calendar),
    dueAt: toLocalIso(row.due_at, services.rules.calendar),
    flags: row.flags ?? [],
    version: row.version,
  }));
}

interface MessageRow {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly channel_id: string;
  readonly external_id: string | null;
  readonly subject: string | null;
  readonly text: string;
  readonly attachments:
    readonly { name: string; contentType: string; size?: number; state?: string }[] | null;
  readonly automated: boolean;
  readonly delivery: OutboxState | null;
  readonly at: Date;
  readonly purpose: string | null;
  readonly withdrawn_at: Date | null;
}

/** What came in and what went out, in the order of time. */
async function messagesOf(services: CaseServices, caseId: string): Promise<MessageView[]> {
  const { rows } = await services.database.pool.query<MessageRow>({
    name: 'case-messages',
    text: `SELECT id, 'in' AS direction, channel_id, external_id, subject, text, attachments, automated,
             NULL AS delivery, received_at AS at, NULL AS purpose, withdrawn_at
           FROM message WHERE case_id = $1
           UNION ALL
           SELECT id, 'out', channel_id, external_id, subject, text, NULL, automated, state, created_at, purpose, NULL
           FROM outbox WHERE case_id = $1
           ORDER BY at, id`,
    values: [caseId],
  });
  const { calendar } = services.rules;
  return rows.map((row) => ({
    id: row.id,
    direction: row.direction,
    channelId: row.channel_id,
    externalId: row.external_id,
    subject: row.subject,
    text: row.text,
    // Where the provider keeps the bytes is nobody's business outside.
    attachments: (row.attachments ?? []).map(({ name, contentType, size, state }) => ({
      name,
      contentType,
      size: size ?? null,
      state: state ?? 'stored',
    })),
    automated: row.automated,
    delivery: row.delivery,
    at: toLocalIso(row.at, calendar),
    purpose: row.purpose,
    withdrawnAt: row.withdrawn_at === null ? null : toLocalIso(row.withdrawn_at, calendar),
  }));
}

interface EventRow {
  readonly seq: number;
  readonly kind: string;
  readonly actor: string;
  readonly at: Date;
  readonly data: EventData;
  readonly hash: Buffer;
}

async function eventsOf(services: CaseServices, caseId: string): Promise<EventView[]> {
  const { rows } = await services.database.pool.query<EventRow>({
    name: 'case-events',
    text: 'SELECT seq, kind, actor, at, data, hash FROM case_event WHERE case_id = $1 ORDER BY seq',
    values: [caseId],
  });
  return rows.map(({ seq, kind, actor, at, data, hash }) => ({
    seq,
    kind,
    actor,
    at: toLocalIso(at, services.rules.calendar),
    data,
    hash: hash.toString('hex'),
  }));
}

async function notesOf(services: CaseServices, caseId: string): Promise<CaseView['notes']> {
  const { rows } = await services.database.pool.query<{
    id: string;
    author: string;
    text: string;
    created_at: Date;
  }>({
    name: 'case-notes',
    text: 'SELECT id, author, text, created_at FROM note WHERE case_id = $1 ORDER BY id',
    values: [caseId],
  });
  return rows.map(({ id, author, text, created_at: at }) => ({
    id,
    author,
    text,
    at: toLocalIso(at, services.rules.calendar),
  }));
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
