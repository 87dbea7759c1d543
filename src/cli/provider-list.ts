/** `tabea backfill` and `tabea audit`: what the provider has against the store. */
import { ChannelError } from '../core/channel-error.js';
import { UserError } from '../core/errors.js';
import { badPeriod, readDate } from './period.js';
import type { InboundEvent, InboundMessage } from '../core/message.js';
import type { ChannelAdapter, RawRequest } from '../core/channel.js';
import { storedKey } from '../intake/envelope.js';
import { hint, print } from './output.js';
import { canPullBack, lookBack, pullBack } from './pull-backfill.js';
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
    const channels = readable(opened, channelId);
    demandNoEnd(channels, options);
    for (const [id, adapter] of channels) {
      if (canPullBack(adapter)) await pullOne(opened, id, adapter, since);
      else await listOne(opened, id, adapter, since, until);
    }
  });
}

async function pullOne(
  opened: OpenedIntake,
  id: string,
  adapter: ChannelAdapter,
  since: Date,
): Promise<void> {
  const { read, fresh, unread } = await providerOf(id, () => pullBack(opened, id, adapter, since));
  print(`${id}: ${read} read, ${fresh} new.`);
  if (unread > 0) hint(`${unread} of them could not be read whole: npx tabea replay --list --channel ${id}`);
}

async function listOne(
  opened: OpenedIntake,
  id: string,
  adapter: ChannelAdapter,
  since: Date,
  until: Date,
): Promise<void> {
  let fresh = 0;
  let seen = 0;
  for await (const chunk of chunked(id, adapter, since, until)) {
    const { fresh: added } = await opened.intake.accept(id, asRequest(chunk), {
      events: chunk,
      ignored: [],
      rejected: [],
    });
    fresh += added;
    seen += chunk.length;
  }
  print(`${id}: ${seen} read, ${fresh} new.`);
  if (opened.intake.state().storing === 'spool')
    hint('The database went away: what came after that waits in the spool and is not counted as new.');
}

/** Prints each message that the provider has and the store has not; the exit code says whether there is one. */
export async function audit(channelId: string | undefined, options: PeriodOptions): Promise<number> {
  const [since, until] = period(options);
  return await withIntake(async (opened) => {
    const channels = readable(opened, channelId);
    demandNoEnd(channels, options);
    let missing = 0;
    for (const [id, adapter] of channels) {
      let missingHere = 0;
      const compare = async (events: readonly InboundEvent[]) => {
        const absent = await absentOf(opened, id, events);
        for (const event of absent) print(`${id}  missing  ${event.externalId}  ${timeOf(event)}`);
        missingHere += absent.length;
      };
      const seen = canPullBack(adapter)
        ? await providerOf(id, () => lookBack(adapter, since, compare))
        : await compareList(id, adapter, since, until, compare);
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

async function compareList(
  id: string,
  adapter: ChannelAdapter,
  since: Date,
  until: Date,
  compare: (events: readonly InboundEvent[]) => Promise<void>,
): Promise<number> {
  let seen = 0;
  for await (const chunk of chunked(id, adapter, since, until)) {
    seen += chunk.length;
    await compare(chunk);
  }
  return seen;
}

function timeOf(event: InboundEvent): string {
  return event.type === 'delivery' ? event.at : event.receivedAt;
}

/** A provider that does not answer is no defect of ours. */
async function providerOf<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof ChannelError)) throw cause;
    throw new UserError('provider_failed', `The provider of ${id} failed (${cause.code}).`, {
      remedy: 'See npx tabea doctor, then run this again: what was taken in is not taken in twice.',
      cause,
    });
  }
}

function period({ from, to }: PeriodOptions): [Date, Date] {
  const since = readDate(from);
  const until = to === undefined ? new Date() : readDate(to);
  if (since >= until) throw badPeriod();
  return [since, until];
}

/** Sources read to their end. A `--to` that does nothing would pass for one that was heeded. Throws UserError. */
function demandNoEnd(channels: readonly [string, ChannelAdapter][], { to }: PeriodOptions): void {
  if (to === undefined) return;
  const pulled = channels.filter(([, adapter]) => canPullBack(adapter)).map(([id]) => id);
  if (pulled.length === 0) return;
  const others = channels.length > pulled.length ? ', or name a channel that can' : '';
  throw new UserError('no_end', `--to cannot be given for ${pulled.join(', ')}: read up to now.`, {
    remedy: `Leave --to out${others}; what is known already is not taken in twice.`,
  });
}

/** Channels whose past can be read: by their sources, or from the provider's list. */
function readable({ adapters }: OpenedIntake, channelId: string | undefined): [string, ChannelAdapter][] {
  const isReadable = (adapter: ChannelAdapter) => canPullBack(adapter) || adapter.list !== undefined;
  const able = [...adapters].filter(([, adapter]) => isReadable(adapter));
  const names = able.map(([id]) => id).join(', ');
  const remedy = names === '' ? 'No enabled channel can.' : `Channels that can: ${names}.`;
  if (channelId === undefined) {
    if (able.length > 0) return able;
    throw new UserError('not_readable', 'No enabled channel can be read again.', {
      remedy: 'See npx tabea doctor for the channels.',
    });
  }
  if (!adapters.has(channelId)) {
    throw new UserError('unknown_channel', `There is no enabled channel ${channelId}.`, { remedy });
  }
  const chosen = able.filter(([id]) => id === channelId);
  if (chosen.length > 0) return chosen;
  throw new UserError('not_readable', `The provider of ${channelId} does not let its past be read.`, {
    remedy,
  });
}

/** Throws UserError where the provider does not go on. */
async function* chunked(
  id: string,
  adapter: ChannelAdapter,
  since: Date,
  until: Date,
): AsyncGenerator<InboundMessage[]> {
  if (adapter.list === undefined) return;
  const listed = adapter.list(since, until)[Symbol.asyncIterator]();
  let chunk: InboundMessage[] = [];
  for (;;) {
    const next = await providerOf(id, () => listed.next());
    if (next.done === true) break;
    chunk.push(next.value);
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
  chunk: readonly InboundEvent[],
): Promise<InboundEvent[]> {
  const { rows } = await store.database.pool.query<{ event_key: string }>(
    'SELECT event_key FROM inbox WHERE channel_id = $1 AND event_key = ANY ($2::text[])',
    [channelId, chunk.map((event) => storedKey(event))],
  );
  const known = new Set(rows.map((row) => row.event_key));
  return chunk.filter((event) => !known.has(storedKey(event)));
}

async function unsettled({ store }: OpenedIntake, channelId: string, since: Date, until: Date) {
  const { rows } = await store.database.pool.query<{ id: string; state: string }>(
    `SELECT id, state FROM outbox
     WHERE channel_id = $1 AND created_at >= $2 AND created_at < $3 AND state IN ('unknown', 'failed') ORDER BY id`,
    [channelId, since, until],
  );
  return rows;
}
