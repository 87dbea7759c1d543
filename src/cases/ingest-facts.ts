/** Reads in sets what deciding on a batch of messages takes. Called under the locks of the senders. */
import { readCaseToken } from '../core/case-token.js';
import type { InboundMessage } from '../core/message.js';
import { byteaArray } from '../db/binary-array.js';
import type { Queryable } from '../db/database.js';
import { lockCases } from './case-state.js';
import { distinctKeys } from './coordination.js';
import { IngestWorld, LATE_MS, type Sent } from './ingest-world.js';
import type { CaseServices } from './services.js';

const HOUR_MS = 3_600_000;
/** A mail thread may name hundreds of ids; the nearest ones say enough. */
const REFERENCES_AT_MOST = 20;

/** `senders`: everybody concerned, also those who sent no message. */
export async function readWorld(
  client: Queryable,
  services: CaseServices,
  sent: readonly Sent[],
  senders: readonly { readonly contactKey: Buffer }[] = sent,
): Promise<IngestWorld> {
  const world = new IngestWorld(services.clock.now());
  await readContacts(client, world, distinctKeys(senders));
  const known = sent.filter(({ contactKey }) => world.contact(contactKey) !== undefined);
  const pointed = pointers(services, sent);
  const candidates = [
    await newestCases(client, world, known),
    await casesByNumber(client, world, pointed.numbers),
    await casesByReference(client, world, pointed.references),
    await casesByConversation(client, world, pointed.conversations),
  ].flat();
  for (const [id, state] of await lockCases(client, candidates)) world.cases.set(id, state);
  await readMoves(client, services, world);
  return world;
}

/** Since when cases are where a reporter may object. */
async function readMoves(client: Queryable, services: CaseServices, world: IngestWorld): Promise<void> {
  const { from } = services.rules.moves.reopen;
  const ids = [...world.cases.values()]
    .filter((state) => from.includes(state.status))
    .map((state) => state.id);
  if (ids.length === 0) return;
  const { rows } = await client.query<{ case_id: string; at: Date }>({
    name: 'ingest-moves',
    text: `SELECT case_id, max(at) AS at FROM case_event
           WHERE case_id = ANY($1::uuid[]) AND kind = 'moved' GROUP BY case_id`,
    values: [ids],
  });
  for (const row of rows) world.movedAt.set(row.case_id, row.at);
}

async function readContacts(client: Queryable, world: IngestWorld, keys: readonly Buffer[]): Promise<void> {
  const { rows } = await client.query<{ key: Buffer; reporter_id: string; opted_out_at: Date | null }>({
    name: 'ingest-contacts',
    text: 'SELECT key, reporter_id, opted_out_at FROM contact WHERE key = ANY($1::bytea[])',
    values: [byteaArray(keys)],
  });
  if (rows.length === 0) return;
  const counted = await client.query<{
    contact_key: Buffer;
    acknowledged: string;
    written: string;
    commands: string;
  }>({
    name: 'ingest-counts',
    text: `SELECT contact_key, count(*) FILTER (WHERE outcome = 'case' AND done_at > $2) AS acknowledged,
             count(*) FILTER (WHERE outcome IN ('case', 'case_silent', 'joined') AND received_at > $3) AS written,
             count(*) FILTER (WHERE outcome = 'command' AND received_at > $3) AS commands
           FROM inbox WHERE contact_key = ANY($1::bytea[]) AND state = 'done' AND received_at > $4
           GROUP BY contact_key`,
    values: [
      byteaArray(rows.map((row) => row.key)),
      before(world.now, 24 * HOUR_MS),
      before(world.now, HOUR_MS),
      // What arrived while nobody read may have been acknowledged today.
      before(world.now, 24 * HOUR_MS + LATE_MS),
    ],
  });
  const counts = new Map(counted.rows.map((row) => [row.contact_key.toString('latin1'), row]));
  for (const { key, reporter_id: reporterId, opted_out_at: optedOutAt } of rows) {
    const own = counts.get(key.toString('latin1'));
    world.addContact({
      key,
      reporterId,
      optedOutAt,
      optOutChanged: false,
      fresh: null,
      counts: {
        acknowledged: Number(own?.acknowledged ?? 0),
        written: Number(own?.written ?? 0),
        commands: Number(own?.commands ?? 0),
      },
    });
  }
}

async function newestCases(client: Queryable, world: IngestWorld, known: readonly Sent[]): Promise<string[]> {
  if (known.length === 0) return [];
  const { rows } = await client.query<{ key: Buffer; channel: string; id: string }>({
    name: 'ingest-newest',
    text: `SELECT p.key, p.channel, n.id
           FROM (SELECT DISTINCT * FROM unnest($1::bytea[], $2::text[])) AS p(key, channel)
           CROSS JOIN LATERAL (
             SELECT id FROM cases WHERE contact_key = p.key AND channel_id = p.channel
               AND status NOT IN ('closed', 'rejected', 'archived')
             ORDER BY id DESC LIMIT 1) AS n`,
    values: [known.map((one) => one.contactKey), known.map((one) => one.event.channelId)],
  });
  for (const row of rows) world.setNewest(row.key, row.channel, row.id);
  return rows.map((row) => row.id);
}

async function casesByNumber(
  client: Queryable,
  world: IngestWorld,
  numbers: readonly string[],
): Promise<string[]> {
  if (numbers.length === 0) return [];
  const { rows } = await client.query<{ id: string; tracking_number: string }>({
    name: 'ingest-numbers',
    text: 'SELECT id, tracking_number FROM cases WHERE tracking_number = ANY($1::char(10)[])',
    values: [numbers],
  });
  for (const row of rows) world.setNumber(row.tracking_number, row.id);
  return rows.map((row) => row.id);
}

interface Pointer {
  readonly channelId: string;
  readonly value: string;
  readonly contactKey: Buffer;
}

/** Ids of messages: a citizen's own are found through the inbox, ours through the outbox. */
async function casesByReference(
  client: Queryable,
  world: IngestWorld,
  references: readonly Pointer[],
): Promise<string[]> {
  if (references.length === 0) return [];
  const { rows } = await client.query<{ channel: string; reference: string; case_id: string }>({
    name: 'ingest-references',
    text: `WITH r AS (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS r(channel, reference))
           SELECT r.channel, r.reference, m.case_id FROM r
             JOIN inbox i ON i.channel_id = r.channel AND i.event_key = 'm:' || r.reference
             JOIN message m ON m.id = i.id WHERE m.case_id IS NOT NULL
           UNION ALL
           SELECT r.channel, r.reference, m.case_id FROM r
             JOIN inbox i ON i.channel_id = r.channel
               AND i.event_key >= 'm:' || r.reference || ':' AND i.event_key < 'm:' || r.reference || ';'
             JOIN message m ON m.id = i.id WHERE m.case_id IS NOT NULL
           UNION ALL
           SELECT r.channel, r.reference, o.case_id FROM r
             JOIN outbox o ON o.channel_id = r.channel AND o.external_id = r.reference
             WHERE o.case_id IS NOT NULL`,
    values: [references.map((one) => one.channelId), references.map((one) => one.value)],
  });
  for (const row of rows) world.setReference(row.channel, row.reference, row.case_id);
  return rows.map((row) => row.case_id);
}

async function casesByConversation(
  client: Queryable,
  world: IngestWorld,
  conversations: readonly Pointer[],
): Promise<string[]> {
  if (conversations.length === 0) return [];
  const { rows } = await client.query<{
    channel: string;
    conversation: string;
    key: Buffer;
    case_id: string;
  }>({
    name: 'ingest-conversations',
    text: `WITH c AS (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::bytea[]) AS c(channel, conversation, key))
           SELECT c.channel, c.conversation, f.contact_key AS key, f.case_id FROM c
           CROSS JOIN LATERAL (
             (SELECT contact_key, case_id, id, 1 AS rank FROM message
              WHERE channel_id = c.channel AND thread->>'conversationId' = c.conversation AND case_id IS NOT NULL
              ORDER BY contact_key, id LIMIT 1)
             UNION ALL
             (SELECT contact_key, case_id, id, 2 AS rank FROM message
              WHERE channel_id = c.channel AND thread->>'conversationId' = c.conversation AND contact_key = c.key
                AND case_id IS NOT NULL
              ORDER BY id DESC LIMIT 5)
             ORDER BY rank, id) AS f`,
    values: [
      conversations.map((one) => one.channelId),
      conversations.map((one) => one.value),
      conversations.map((one) => one.contactKey),
    ],
  });
  for (const row of rows) world.setConversation(row.channel, row.conversation, row.key, row.case_id);
  return rows.map((row) => row.case_id);
}

/** Everything in the messages that may point at a case. */
function pointers(services: CaseServices, sent: readonly Sent[]) {
  const numbers = new Set<string>();
  const references: Pointer[] = [];
  const conversations: Pointer[] = [];
  for (const one of sent) {
    const { contactKey, event } = one;
    for (const number of numbersIn(services, one)) numbers.add(number);
    const { channelId, thread } = event;
    if (!thread) continue;
    for (const value of referencesOf(event)) references.push({ channelId, value, contactKey });
    if (thread.conversationId) conversations.push({ channelId, value: thread.conversationId, contactKey });
  }
  return { numbers: [...numbers], references, conversations };
}

export function referencesOf(event: InboundMessage): readonly string[] {
  return event.thread?.references?.slice(0, REFERENCES_AT_MOST) ?? [];
}

function numbersIn(services: CaseServices, { event, command, numbers }: Sent): readonly string[] {
  const token = event.thread?.caseToken;
  const ofToken = token === undefined ? null : readCaseToken(services.keys, token);
  if (ofToken !== null) return [ofToken, ...numbers];
  return command?.kind === 'status' && command.valid ? [command.number] : numbers;
}

function before(now: Date, ms: number): string {
  return new Date(now.getTime() - ms).toISOString();
}
