/**
 * A webhook of a page: up to 1000 events in one body, each read for itself.
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started
 */
import type { Parsed, RawRequest } from '../../src/core/channel.js';
import {
  idIn,
  isObject,
  listIn,
  numberIn,
  PartSorter,
  readJsonBody,
  textIn,
} from '../shared/meta/payload.js';
import { readFeedChange } from './feed-changes.js';
import { readMessagingEvent, type PageContext } from './messaging-events.js';

/** Pure. Throws UnparsableError where the body is no JSON object. */
export function parsePageWebhook(request: RawRequest, page: { channelId: string; pageId: string }): Parsed {
  // A handshake carries nothing.
  if (request.method === 'GET') return { events: [], ignored: [], rejected: [] };
  const body = readJsonBody(request);
  const sorter = new PartSorter();
  if (textIn(body, 'object') !== 'page') {
    sorter.take(body, () => ({ rejected: 'object is not page' }));
    return sorter.result();
  }
  const context = { ...page, receivedAt: request.receivedAt.toISOString() };
  if (!Array.isArray(body['entry'])) sorter.take(body, () => ({ rejected: 'entry is no list' }));
  for (const entry of listIn(body, 'entry')) readEntry(entry, context, sorter);
  return sorter.result();
}

function readEntry(entry: unknown, page: PageContext, sorter: PartSorter): void {
  if (!isObject(entry)) return sorter.take(entry, () => ({ rejected: 'the entry is not an object' }));
  // One app has one webhook for all its pages. Kept and not ignored: the configured page may be the wrong one.
  if (idIn(entry, 'id') !== page.pageId) {
    return sorter.take(entry, () => ({ rejected: 'the entry is of another page than pageId' }));
  }
  const events = [...listIn(entry, 'messaging'), ...listIn(entry, 'standby')];
  const changes = listIn(entry, 'changes');
  if (events.length + changes.length === 0) {
    return sorter.take(entry, () => ({ rejected: 'the entry holds neither events nor changes' }));
  }
  for (const event of events) sorter.take(event, () => readMessagingEvent(event, page));
  const at = String(numberIn(entry, 'time') ?? 0);
  for (const change of changes) sorter.take(change, () => readFeedChange(change, at, page));
}
