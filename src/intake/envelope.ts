/** From a verified and parsed request to the rows that keep it. Pure but for ids and the blob store's answer. */
import { createHash } from 'node:crypto';
import { newIdBytes } from '../core/ids.js';
import type { Parsed, RawRequest } from '../core/channel.js';
import { contactKey, type Keys } from '../core/keys.js';
import { eventKey, type InboundEvent } from '../core/message.js';
import type { Entry, EnvelopeRow, EventRow } from './entry.js';
import { contentId, holdPart, holdRequest, keptHeaders, placeOf } from './held-row.js';
import { heldOnly } from './isolate.js';
import { PULL_METHOD } from './receiver.js';
import { storableJson, storableText } from './storable.js';

/** A key of an index must stay below a third of a page; provider ids are far shorter. */
const LONGEST_KEY = 500;

/**
 * The rows of one request. `bodyBlob` is the hash under which a large body already lies in the blob store.
 * An event that cannot be written down (an adapter's bug) is held as `poison`; the others go on.
 */
export function makeEntry(
  keys: Keys,
  channelId: string,
  request: RawRequest,
  parsed: Parsed,
  bodyBlob: string | null,
): Entry {
  if (pulledNothing(request, parsed)) {
    return heldOnly(holdRequest(channelId, 'unparsable', 'nothing_read', request, bodyBlob));
  }
  const headers = keptHeaders(request);
  // What must be kept although no event of it is new gets an id from its content, so that a repetition is no second row.
  const always = parsed.events.length === 0 || parsed.rejected.length > 0;
  const envelopeId = always ? contentId('envelope', channelId, placeOf(request), request.body) : newIdBytes();
  const receivedAt = request.receivedAt.getTime();
  const envelope: EnvelopeRow = {
    id: envelopeId,
    always,
    channelId,
    receivedAt,
    method: request.method,
    target: storableText(request.target),
    headers,
    body: bodyBlob === null ? request.body : null,
    bodyBlob,
    ignored:
      parsed.ignored.length === 0 ? null : storableJson(parsed.ignored.map(({ reason }) => ({ reason }))),
  };
  const events: EventRow[] = [];
  const held = parsed.rejected.map((part) => holdPart(channelId, request, envelopeId, part));
  let bytes = 512 + request.target.length + headers.length + (envelope.body?.length ?? 0);
  for (const event of parsed.events) {
    try {
      const row = eventRow(keys, channelId, event, envelopeId, receivedAt);
      events.push(row);
      bytes += 256 + row.payload.length;
    } catch (error) {
      const reason = `event_not_storable: ${error instanceof Error ? error.name : typeof error}`;
      held.push(holdRequest(channelId, 'poison', reason, request, bodyBlob));
    }
  }
  for (const row of held) bytes += row.size;
  return { envelope, events, held, bytes };
}

/** A webhook may carry nothing (a handshake); a mail in which nothing was found was not understood. */
export function pulledNothing(request: RawRequest, { events, ignored, rejected }: Parsed): boolean {
  return request.method === PULL_METHOD && events.length + ignored.length + rejected.length === 0;
}

function eventRow(
  keys: Keys,
  channelId: string,
  event: InboundEvent,
  envelopeId: Uint8Array,
  receivedAt: number,
): EventRow {
  return {
    id: newIdBytes(),
    channelId,
    eventKey: storedKey(event),
    contactKey: 'from' in event ? contactKey(keys, event.from) : null,
    envelopeId,
    payload: storableJson(event),
    receivedAt: 'receivedAt' in event ? earlier(event.receivedAt, receivedAt) : receivedAt,
  };
}

/** What a list or a mailbox held for us arrived before we fetched it; nothing arrives later than now. */
function earlier(arrivedAt: string, fetchedAt: number): number {
  const arrived = Date.parse(arrivedAt);
  return arrived < fetchedAt ? arrived : fetchedAt;
}

/** `eventKey`, but for keys that no index can hold: those become their kind and a hash. */
export function storedKey(event: InboundEvent): string {
  const key = eventKey(event);
  if (key.length <= LONGEST_KEY && storableText(key) === key) return key;
  return `${key.slice(0, 2)}sha256:${createHash('sha256').update(key, 'utf16le').digest('hex')}`;
}
