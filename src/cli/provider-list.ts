/** `tabea backfill` and `tabea audit`: the provider's own list against the store. */
import { UserError } from '../core/errors.js';
import { badPeriod, readDate } from './period.js';
import { type InboundMessage } from '../core/message.js';
import type { ChannelAdapter, RawRequest } from '../core/channel.js';
import { storedKey } from '../intake/envelope.js';
import { hint, print } from './output.js';
import { withIntake, type OpenedIntake } from './with-intake.js';

export interface PeriodOptions {
  readonly from: string;
  readonly to?: string;
}

const CHUNK = 100;

/** Takes in what the provider has and the store has not. Repeating is harmless: events are taken in once. */
export async function backfill(channelId: string | undefined, options: PeriodOptions): Promise<void> {
  const [since, until] = period(options);
  await withIntake(async (opened) => {
    for (const [id, adapter] of listable(opened, channelId)) {
      let fresh = 0;
      let seen = 0;
      for await (const chunk of chunked(adapter, since, until)) {
        const { fresh: added } = await opened.intake.accept(id, asRequest(chunk), {
          events: chunk,
          ignored: [],
          rejected: [],
        });
        fresh += added;
        seen += chunk.length;
      }
      hint(`${id}: ${seen} at the provider, ${fresh} taken in now.`);
    }
  });
}

/** Prints each message that the provider has and the store has not; the exit code says whether there is one. */
export async function audit(channelId: string | undefined, options: PeriodOptions): Promise<number> {
  const [since, until] = period(options);
  return await withIntake(async (opened) => {
    let missing = 0;
    for (const [id, adapter] of listable(opened, channelId)) {
      let seen = 0;
      let missingHere = 0;
      for await (const chunk of chunked(adapter, since, until)) {
        seen += chunk.length;
        const absent = await absentOf(opened, id, chunk);
        for (const message of absent) print(`${id}  missing  ${message.externalId}  ${message.receivedAt}`);
        missingHere += absent.length;
      }
      missing += missingHere;
      const open = await unsettled(opened, id, since, until);
      for (const row of open) print(`${id}  ${row.state}  ${row.id}`);
      hint(
        `${id}: ${seen} at the provider, ${missingHere} missing here, ${open.length} replies unknown or failed.`,
      );
    }
    if (missing > 0) hint('Take the missing ones in with: npx tabea backfill --from DATE');
    return missing > 0 ? 1 : 0;
  });
}

function period({ from, to }: PeriodOptions): [Date, Date] {
  const since = readDate(from);
  const until = to === undefined ? new Date() : readDate(to);
  if (since >= until) throw badPeriod();
  return [since, until];
}

function listable({ adapters }: OpenedIntake, channelId: string | undefined): [string, ChannelAdapter][] {
  const chosen = [...adapters].filter(
    ([id, adapter]) => (channelId === undefined || id === channelId) && adapter.list !== undefined,
  );
  if (chosen.length === 0) {
    throw new UserError('not_listable', 'No such enabled channel whose provider can list its messages.', {
      remedy: 'See npx tabea doctor for the channels.',
    });
  }
  return chosen;
}

async function* chunked(adapter: ChannelAdapter, since: Date, until: Date): AsyncGenerator<InboundMessage[]> {
  let chunk: InboundMessage[] = [];
  for await (const message of adapter.list?.(since, until) ?? []) {
    chunk.push(message);
    if (chunk.length === CHUNK) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

/** The envelope of a backfill holds the listed messages, as there was no request. */
function asRequest(messages: readonly InboundMessage[]): RawRequest {
  return {
    method: 'LIST',
    target: 'backfill',
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(messages)),
    receivedAt: new Date(),
  };
}

async function absentOf(
  { store }: OpenedIntake,
  channelId: string,
  chunk: readonly InboundMessage[],
): Promise<InboundMessage[]> {
  const { rows } = await store.database.pool.query<{ event_key: string }>(
    'SELECT event_key FROM inbox WHERE channel_id = $1 AND event_key = ANY ($2::text[])',
    [channelId, chunk.map((message) => storedKey(message))],
  );
  const known = new Set(rows.map((row) => row.event_key));
  return chunk.filter((message) => !known.has(storedKey(message)));
}

async function unsettled({ store }: OpenedIntake, channelId: string, since: Date, until: Date) {
  const { rows } = await store.database.pool.query<{ id: string; state: string }>(
    `SELECT id, state FROM outbox
     WHERE channel_id = $1 AND created_at >= $2 AND created_at < $3 AND state IN ('unknown', 'failed') ORDER BY id`,
    [channelId, since, until],
  );
  return rows;
}
