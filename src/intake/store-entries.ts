/** The one statement by which everything comes into the store: as many requests as are there, one fsync. */
import type { Queryable } from '../db/database.js';
import {
  boolArray,
  byteaArray,
  intArray,
  jsonbArray,
  textArray,
  timeArray,
  uuidArray,
} from '../db/binary-array.js';
import type { Entry, EventRow } from './entry.js';

/**
 * A statement is a transaction. `fresh` are the events that were not there; an envelope is written where
 * one of its events is fresh, or where it says so itself. Everything may be repeated without harm.
 */
const STORE = `
WITH fresh AS (
  INSERT INTO inbox (id, channel_id, event_key, contact_key, envelope_id, payload, received_at)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::uuid[], $6::jsonb[], $7::timestamptz[])
  ON CONFLICT (channel_id, event_key) DO NOTHING
  RETURNING id, envelope_id
), envelopes AS (
  INSERT INTO envelope (id, channel_id, received_at, method, target, headers, body, body_blob, ignored)
  SELECT e.id, e.channel_id, e.received_at, e.method, e.target, e.headers, e.body, e.body_blob, e.ignored
  FROM unnest($8::uuid[], $9::bool[], $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::jsonb[],
              $15::bytea[], $16::text[], $17::jsonb[])
    AS e (id, always, channel_id, received_at, method, target, headers, body, body_blob, ignored)
  WHERE e.always OR e.id IN (SELECT envelope_id FROM fresh)
  ON CONFLICT (id) DO NOTHING
), held AS (
  INSERT INTO quarantine (id, channel_id, kind, reason, received_at, method, target, headers, body, size)
  SELECT * FROM unnest($18::uuid[], $19::text[], $20::text[], $21::text[], $22::timestamptz[], $23::text[],
                       $24::text[], $25::jsonb[], $26::bytea[], $27::int4[])
  ON CONFLICT (id) DO NOTHING
)
SELECT id FROM fresh`;

/**
 * Stores the entries in one transaction, or in the caller's where `client` is in one.
 * Resolves with the ids of the inbox rows that are new. Throws what PostgreSQL says.
 */
export async function storeEntries(client: Queryable, entries: readonly Entry[]): Promise<string[]> {
  // In the order of the unique index, so that two statements that share keys wait for each other in one direction.
  const events = entries.flatMap((entry) => entry.events).sort(byKey);
  const envelopes = entries.flatMap((entry) => entry.envelope ?? []);
  const held = entries.flatMap((entry) => entry.held);
  const result = await client.query<[string]>({
    name: 'tabea_store_entries',
    text: STORE,
    rowMode: 'array',
    values: [
      uuidArray(events.map((row) => row.id)),
      textArray(events.map((row) => row.channelId)),
      textArray(events.map((row) => row.eventKey)),
      byteaArray(events.map((row) => row.contactKey)),
      uuidArray(events.map((row) => row.envelopeId)),
      jsonbArray(events.map((row) => row.payload)),
      timeArray(events.map((row) => row.receivedAt)),
      uuidArray(envelopes.map((row) => row.id)),
      boolArray(envelopes.map((row) => row.always)),
      textArray(envelopes.map((row) => row.channelId)),
      timeArray(envelopes.map((row) => row.receivedAt)),
      textArray(envelopes.map((row) => row.method)),
      textArray(envelopes.map((row) => row.target)),
      jsonbArray(envelopes.map((row) => row.headers)),
      byteaArray(envelopes.map((row) => row.body)),
      textArray(envelopes.map((row) => row.bodyBlob)),
      jsonbArray(envelopes.map((row) => row.ignored)),
      uuidArray(held.map((row) => row.id)),
      textArray(held.map((row) => row.channelId)),
      textArray(held.map((row) => row.kind)),
      textArray(held.map((row) => row.reason)),
      timeArray(held.map((row) => row.receivedAt)),
      textArray(held.map((row) => row.method)),
      textArray(held.map((row) => row.target)),
      jsonbArray(held.map((row) => row.headers)),
      byteaArray(held.map((row) => row.body)),
      intArray(held.map((row) => row.size)),
    ],
  });
  return result.rows.map(([id]) => id);
}

function byKey(a: EventRow, b: EventRow): number {
  if (a.eventKey !== b.eventKey) return a.eventKey < b.eventKey ? -1 : 1;
  return a.channelId < b.channelId ? -1 : Number(a.channelId > b.channelId);
}
