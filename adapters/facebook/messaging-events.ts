/**
 * Messenger's events, one by one.
 * https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
 */
import type { DeliveryState, InboundEvent } from '../../src/core/message.js';
import {
  idIn,
  isObject,
  listIn,
  objectIn,
  textIn,
  timeIn,
  type PartOutcome,
} from '../shared/meta/payload.js';
import { enclosedInMessage, withNotes } from './attachments.js';
import { outboxIdIn, psidAddress } from './ids.js';

/** The page and the moment at which its webhook came in. */
export interface PageContext {
  readonly channelId: string;
  readonly pageId: string;
  /** RFC 3339, our clock. */
  readonly receivedAt: string;
}

/** Understood, and nothing that a case needs to know. */
const NOT_TAKEN = [
  'reaction',
  'referral',
  'optin',
  'account_linking',
  'policy_enforcement',
  'app_roles',
  'pass_thread_control',
  'take_thread_control',
  'request_thread_control',
  'game_play',
  'payment',
  'response_feedback',
] as const;

/** The button that a person presses before he may write at all. */
const GET_STARTED = /^get_?started/i;

export function readMessagingEvent(event: unknown, page: PageContext): PartOutcome {
  if (!isObject(event)) return { rejected: 'the event is not an object' };
  if (isObject(event['message'])) return readMessage(event, event['message'], page);
  if (isObject(event['message_edit'])) return readEdit(event, event['message_edit'], page);
  if (isObject(event['postback'])) return readPostback(event, event['postback'], page);
  if (isObject(event['delivery'])) return readReceipt(event['delivery'], 'delivered', page);
  if (isObject(event['read'])) return readReceipt(event['read'], 'read', page);
  const known = NOT_TAKEN.find((name) => name in event);
  if (known !== undefined) return { ignored: `${known} is not taken` };
  return { rejected: 'the kind of the event is not known' };
}

function readMessage(event: unknown, message: unknown, page: PageContext): PartOutcome {
  const mid = idIn(message, 'mid');
  if (mid === undefined) return { rejected: 'message.mid is missing' };
  if (isObject(message) && message['is_echo'] === true) return readEcho(event, message, mid, page);
  const psid = idIn(objectIn(event, 'sender'), 'id');
  if (psid === undefined) return { rejected: 'sender.id is missing' };
  if (psid === page.pageId) return { ignored: "the page's own message" };
  const from = psidAddress(psid);
  const { channelId, receivedAt } = page;
  if (isObject(message) && message['is_deleted'] === true) {
    return one({ type: 'withdrawal', channelId, of: 'message', externalId: mid, from, receivedAt });
  }
  const { attachments, notes } = enclosedInMessage(message);
  const sentAt = timeIn(event, 'timestamp');
  // A conversation in Messenger lasts for ever: it says nothing of which matter a message belongs to. Only an
  // answer to a certain message does.
  const answered = idIn(objectIn(message, 'reply_to'), 'mid');
  return one({
    type: 'message',
    channelId,
    externalId: mid,
    from,
    to: psidAddress(page.pageId),
    text: withNotes(textIn(message, 'text') ?? '', notes),
    attachments,
    ...(answered !== undefined && { thread: { references: [answered] } }),
    automated: false,
    ...(sentAt !== undefined && { sentAt }),
    receivedAt,
  });
}

/** What the page itself sent. Ours proves that an attempt got through; others' are somebody else's affair. */
function readEcho(event: unknown, message: unknown, mid: string, page: PageContext): PartOutcome {
  const outboxId = outboxIdIn(textIn(message, 'metadata'));
  if (outboxId === undefined) return { ignored: 'echo of a message that we did not send' };
  return one({
    type: 'delivery',
    channelId: page.channelId,
    externalId: mid,
    outboxId,
    state: 'sent',
    at: timeIn(event, 'timestamp') ?? page.receivedAt,
  });
}

/** https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/message-edits */
function readEdit(event: unknown, edit: unknown, page: PageContext): PartOutcome {
  const mid = idIn(edit, 'mid');
  const psid = idIn(objectIn(event, 'sender'), 'id');
  const text = textIn(edit, 'text');
  const version = idIn(edit, 'num_edit');
  if (mid === undefined || psid === undefined || text === undefined || version === undefined) {
    return { rejected: 'message_edit lacks mid, sender, text or num_edit' };
  }
  if (psid === page.pageId) return { ignored: "an edit of the page's own message" };
  const { channelId, receivedAt } = page;
  return one({
    type: 'edit',
    channelId,
    externalId: mid,
    version,
    from: psidAddress(psid),
    text,
    receivedAt,
  });
}

/** A button that was pressed; its label is what the person says by it. */
function readPostback(event: unknown, postback: unknown, page: PageContext): PartOutcome {
  const psid = idIn(objectIn(event, 'sender'), 'id');
  if (psid === undefined) return { rejected: 'sender.id is missing' };
  if (GET_STARTED.test(textIn(postback, 'payload') ?? ''))
    return { ignored: 'the person only opened the chat' };
  const sentAt = timeIn(event, 'timestamp');
  const externalId = idIn(postback, 'mid') ?? (sentAt && `postback:${psid}:${Date.parse(sentAt)}`);
  if (externalId === undefined) return { rejected: 'postback has neither mid nor timestamp' };
  const text = textIn(postback, 'title') ?? textIn(postback, 'payload') ?? '';
  return one({
    type: 'message',
    channelId: page.channelId,
    externalId,
    from: psidAddress(psid),
    to: psidAddress(page.pageId),
    text,
    attachments: [],
    automated: false,
    ...(sentAt !== undefined && { sentAt }),
    receivedAt: page.receivedAt,
  });
}

/** `watermark` says "everything until then", which names no message; `mids` does. */
function readReceipt(receipt: unknown, state: DeliveryState, page: PageContext): PartOutcome {
  const mids = [
    ...listIn(receipt, 'mids'),
    ...(idIn(receipt, 'mid') === undefined ? [] : [idIn(receipt, 'mid')]),
  ];
  const known = mids.filter((mid): mid is string => typeof mid === 'string' && mid !== '');
  if (known.length === 0) return { ignored: `${state} receipt names no message` };
  const at = timeIn(receipt, 'watermark') ?? page.receivedAt;
  return {
    events: known.map((externalId) => ({
      type: 'delivery',
      channelId: page.channelId,
      externalId,
      state,
      at,
    })),
  };
}

function one(event: InboundEvent): PartOutcome {
  return { events: [event] };
}
