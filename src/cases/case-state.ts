/** A case as it is worked on inside one transaction: read under a lock, changed in memory, written in sets. */
import { canonicalJson, chainHash, type ChainedEvent, type EventData } from '../core/case-event.js';
import type { CaseStatus, CaseType, Confidentiality } from '../core/case-life.js';
import { byteaArray, dateArray, intArray, jsonbArray, textArray, uuidTextArray } from '../db/binary-array.js';
import type { Queryable } from '../db/database.js';

export interface CaseState {
  readonly id: string;
  trackingNumber: string;
  readonly type: CaseType;
  status: CaseStatus;
  readonly channelId: string;
  confidentiality: Confidentiality;
  readonly subject: string | null;
  readonly text: string;
  readonly reporterId: string | null;
  readonly contactKey: Buffer | null;
  opdId: string | null;
  readonly place: string | null;
  readonly occurredAt: Date | null;
  readonly submittedAt: Date | null;
  readonly createdAt: Date;
  dueAt: Date;
  returnTo: CaseStatus | null;
  lastInboundAt: Date | null;
  lastAnswerAt: Date | null;
  readonly createdBy: string;
  /** Replaced, never changed: an event that is not yet written may hold the same list. */
  flags: readonly string[];
  version: number;
  eventSeq: number;
  eventHash: Buffer | null;
  /** Events that are not yet in the database. */
  readonly pending: PendingEvent[];
}

interface PendingEvent extends ChainedEvent {
  /** Its data as they were hashed. */
  readonly json: string;
}

/** Appends to the timeline of the case; written by `insertEvents`. */
export function record(state: CaseState, kind: string, actor: string, at: Date, data: EventData): void {
  const event = { seq: state.eventSeq + 1, kind, actor, at, data };
  const json = canonicalJson(data);
  const hash = chainHash(state.eventHash, state.id, event, json);
  state.pending.push({ seq: event.seq, kind, actor, at, data, hash, json });
  state.eventSeq = event.seq;
  state.eventHash = hash;
}

/** True where the flag was not there before. */
export function setFlag(state: CaseState, flag: string): boolean {
  if (state.flags.includes(flag)) return false;
  state.flags = [...state.flags, flag];
  return true;
}

interface CaseRow {
  id: string;
  tracking_number: string;
  type: CaseType;
  status: CaseStatus;
  channel_id: string;
  confidentiality: Confidentiality;
  subject: string | null;
  text: string;
  reporter_id: string | null;
  contact_key: Buffer | null;
  opd_id: string | null;
  place: string | null;
  occurred_at: Date | null;
  submitted_at: Date | null;
  created_at: Date;
  due_at: Date;
  return_to: CaseStatus | null;
  last_inbound_at: Date | null;
  last_answer_at: Date | null;
  created_by: string;
  flags: string[] | null;
  version: number;
  event_seq: number;
  event_hash: Buffer;
}

function fromRow(row: CaseRow): CaseState {
  return {
    id: row.id,
    trackingNumber: row.tracking_number,
    type: row.type,
    status: row.status,
    channelId: row.channel_id,
    confidentiality: row.confidentiality,
    subject: row.subject,
    text: row.text,
    reporterId: row.reporter_id,
    contactKey: row.contact_key,
    opdId: row.opd_id,
    place: row.place,
    occurredAt: row.occurred_at,
    submittedAt: row.submitted_at,
    createdAt: row.created_at,
    dueAt: row.due_at,
    returnTo: row.return_to,
    lastInboundAt: row.last_inbound_at,
    lastAnswerAt: row.last_answer_at,
    createdBy: row.created_by,
    flags: row.flags ?? [],
    version: row.version,
    eventSeq: row.event_seq,
    eventHash: row.event_hash,
    pending: [],
  };
}

/** Locks in the order of ids, so that two transactions never wait for each other in a circle. */
export async function lockCases(client: Queryable, ids: readonly string[]): Promise<Map<string, CaseState>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<CaseRow>({
    name: 'cases-lock',
    text: 'SELECT * FROM cases WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values: [uuidTextArray([...new Set(ids)])],
  });
  return new Map(rows.map((row) => [row.id, fromRow(row)]));
}

/** Locks one case; null where there is none. */
export async function lockCase(client: Queryable, trackingNumber: string): Promise<CaseState | null> {
  const { rows } = await client.query<CaseRow>({
    name: 'case-lock',
    text: 'SELECT * FROM cases WHERE tracking_number = $1 FOR NO KEY UPDATE',
    values: [trackingNumber],
  });
  return rows[0] ? fromRow(rows[0]) : null;
}

/**
 * Inserts new cases. A tracking number that is taken is replaced by a fresh one, so render what names the
 * number after this.
 */
export async function insertCases(
  client: Queryable,
  states: readonly CaseState[],
  makeNumber: () => string,
): Promise<void> {
  const inserted = await insertWhereFree(client, states);
  if (inserted === states.length) return;
  const { rows } = await client.query<{ id: string }>('SELECT id FROM cases WHERE id = ANY($1::uuid[])', [
    states.map((state) => state.id),
  ]);
  const present = new Set(rows.map((row) => row.id));
  const left = states.filter((state) => !present.has(state.id));
  for (const state of left) state.trackingNumber = makeNumber();
  await insertCases(client, left, makeNumber);
}

async function insertWhereFree(client: Queryable, states: readonly CaseState[]): Promise<number> {
  const { rowCount } = await client.query({
    name: 'cases-insert',
    text: `INSERT INTO cases (id, tracking_number, type, status, channel_id, confidentiality, subject, text,
             reporter_id, contact_key, place, occurred_at, submitted_at, created_at, due_at,
             last_inbound_at, created_by, flags, version, event_seq, event_hash)
           SELECT id, tracking_number, type, status, channel_id, confidentiality, subject, text,
             reporter_id, contact_key, place, occurred_at, submitted_at, created_at, due_at,
             last_inbound_at, created_by, flags::text[], version, event_seq, event_hash
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
             $8::text[], $9::uuid[], $10::bytea[], $11::text[], $12::timestamptz[], $13::timestamptz[],
             $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::text[], $18::text[],
             $19::int[], $20::int[], $21::bytea[])
             AS t(id, tracking_number, type, status, channel_id, confidentiality, subject, text,
               reporter_id, contact_key, place, occurred_at, submitted_at, created_at, due_at,
               last_inbound_at, created_by, flags, version, event_seq, event_hash)
           ON CONFLICT (tracking_number) DO NOTHING`,
    values: [
      uuidTextArray(states.map((state) => state.id)),
      textArray(states.map((state) => state.trackingNumber)),
      textArray(states.map((state) => state.type)),
      textArray(states.map((state) => state.status)),
      textArray(states.map((state) => state.channelId)),
      textArray(states.map((state) => state.confidentiality)),
      textArray(states.map((state) => state.subject)),
      textArray(states.map((state) => state.text)),
      uuidTextArray(states.map((state) => state.reporterId)),
      byteaArray(states.map((state) => state.contactKey)),
      textArray(states.map((state) => state.place)),
      dateArray(states.map((state) => state.occurredAt)),
      dateArray(states.map((state) => state.submittedAt)),
      dateArray(states.map((state) => state.createdAt)),
      dateArray(states.map((state) => state.dueAt)),
      dateArray(states.map((state) => state.lastInboundAt)),
      textArray(states.map((state) => state.createdBy)),
      textArray(states.map((state) => flagsLiteral(state.flags))),
      intArray(states.map((state) => state.version)),
      intArray(states.map((state) => state.eventSeq)),
      byteaArray(states.map((state) => state.eventHash)),
    ],
  });
  return rowCount ?? 0;
}

/** Writes what may change of cases that were read under a lock; counts their version up. */
export async function updateCases(client: Queryable, states: readonly CaseState[]): Promise<void> {
  if (states.length === 0) return;
  for (const state of states) state.version += 1;
  await client.query({
    name: 'cases-update',
    text: `UPDATE cases c SET status = t.status, confidentiality = t.confidentiality, opd_id = t.opd_id,
             return_to = t.return_to, last_inbound_at = t.last_inbound_at, last_answer_at = t.last_answer_at,
             flags = t.flags::text[], version = t.version, event_seq = t.event_seq, event_hash = t.event_hash,
             due_at = t.due_at
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
             $7::timestamptz[], $8::text[], $9::int[], $10::int[], $11::bytea[], $12::timestamptz[])
             AS t(id, status, confidentiality, opd_id, return_to, last_inbound_at, last_answer_at, flags,
               version, event_seq, event_hash, due_at)
           WHERE c.id = t.id`,
    values: [
      uuidTextArray(states.map((state) => state.id)),
      textArray(states.map((state) => state.status)),
      textArray(states.map((state) => state.confidentiality)),
      textArray(states.map((state) => state.opdId)),
      textArray(states.map((state) => state.returnTo)),
      dateArray(states.map((state) => state.lastInboundAt)),
      dateArray(states.map((state) => state.lastAnswerAt)),
      textArray(states.map((state) => flagsLiteral(state.flags))),
      intArray(states.map((state) => state.version)),
      intArray(states.map((state) => state.eventSeq)),
      byteaArray(states.map((state) => state.eventHash)),
      dateArray(states.map((state) => state.dueAt)),
    ],
  });
}

/** Writes the pending events of these cases. */
export async function insertEvents(client: Queryable, states: readonly CaseState[]): Promise<void> {
  const events = states.flatMap((state) => state.pending.map((event) => ({ caseId: state.id, event })));
  if (events.length === 0) return;
  await client.query({
    name: 'events-insert',
    text: `INSERT INTO case_event (case_id, seq, kind, actor, at, data, hash)
           SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::jsonb[],
             $7::bytea[])`,
    values: [
      uuidTextArray(events.map(({ caseId }) => caseId)),
      intArray(events.map(({ event }) => event.seq)),
      textArray(events.map(({ event }) => event.kind)),
      textArray(events.map(({ event }) => event.actor)),
      dateArray(events.map(({ event }) => event.at)),
      jsonbArray(events.map(({ event }) => event.json)),
      byteaArray(events.map(({ event }) => event.hash)),
    ],
  });
  for (const state of states) state.pending.length = 0;
}

/** Dates go in as text: the driver's own rendering is an order of magnitude slower. */
export function timestamp(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}

// Flags are our own codes: letters and underscores, nothing to escape.
function flagsLiteral(flags: readonly string[]): string | null {
  return flags.length === 0 ? null : `{${flags.join(',')}}`;
}
