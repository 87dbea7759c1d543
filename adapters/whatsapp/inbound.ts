/**
 * Webhooks of the Cloud API as events.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
 */
import type { Parsed, RawRequest } from '../../src/core/channel.js';
import type { Address, DeliveryState, InboundEvent } from '../../src/core/message.js';
import { normalizePhone } from '../../src/core/phone.js';
import {
  idIn,
  isObject,
  listIn,
  objectIn,
  PartSorter,
  readJsonBody,
  textIn,
  timeIn,
  type PartOutcome,
} from '../shared/meta/payload.js';
import { contentOf, type MediaUrl } from './content.js';
import { outboxIdIn } from './send.js';

/** A person whose number WhatsApp does not tell: https://developers.facebook.com/docs/whatsapp/business-scoped-user-ids */
export const USER_SCHEME = 'wa-user';

const STATES: ReadonlyMap<string, DeliveryState> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['failed', 'failed'],
]);
/** On the way, or no news for a case. */
const TRANSIENT_STATES: ReadonlySet<string> = new Set([
  'accepted',
  'queued',
  'pending',
  'played',
  'deleted',
  'warning',
]);
/** Understood, and nothing that a case needs to know. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['reaction', 'system', 'ephemeral', 'request_welcome']);

export interface Line {
  readonly channelId: string;
  readonly phoneNumberId: string;
  readonly mediaUrl: MediaUrl;
}

interface LineContext extends Line {
  /** RFC 3339, our clock. */
  readonly receivedAt: string;
}

/** Pure. Throws UnparsableError where the body is no JSON object. */
export function parseWhatsappWebhook(request: RawRequest, line: Line): Parsed {
  // A handshake carries nothing.
  if (request.method === 'GET') return { events: [], ignored: [], rejected: [] };
  const body = readJsonBody(request);
  const sorter = new PartSorter();
  if (textIn(body, 'object') !== 'whatsapp_business_account') {
    sorter.take(body, () => ({ rejected: 'object is not whatsapp_business_account' }));
    return sorter.result();
  }
  if (!Array.isArray(body['entry'])) sorter.take(body, () => ({ rejected: 'entry is no list' }));
  const context = { ...line, receivedAt: request.receivedAt.toISOString() };
  for (const entry of listIn(body, 'entry')) {
    const changes = listIn(entry, 'changes');
    if (changes.length === 0) sorter.take(entry, () => ({ rejected: 'the entry holds no changes' }));
    for (const change of changes) readChange(change, context, sorter);
  }
  return sorter.result();
}

function readChange(change: unknown, line: LineContext, sorter: PartSorter): void {
  const field = textIn(change, 'field') ?? '';
  if (field !== 'messages') {
    const reason = `field ${field.slice(0, 40)} is not taken`;
    return sorter.take(change, () => (field === '' ? { rejected: 'field is missing' } : { ignored: reason }));
  }
  const value = objectIn(change, 'value');
  // One app has one webhook for all its numbers. Kept and not ignored: the configured one may be wrong.
  if (idIn(objectIn(value, 'metadata'), 'phone_number_id') !== line.phoneNumberId) {
    return sorter.take(change, () => ({ rejected: 'the change is of another number than phoneNumberId' }));
  }
  const [messages, statuses] = [listIn(value, 'messages'), listIn(value, 'statuses')];
  const contacts = listIn(value, 'contacts');
  for (const message of messages) sorter.take(message, () => readMessage(message, contacts, line));
  for (const status of statuses) sorter.take(status, () => readStatus(status, line));
  if (messages.length + statuses.length > 0) return;
  const hasErrors = listIn(value, 'errors').length > 0;
  sorter.take(change, () =>
    hasErrors ? { ignored: 'an error of the account' } : { rejected: 'nothing in it' },
  );
}

function readMessage(message: unknown, contacts: readonly unknown[], line: LineContext): PartOutcome {
  if (!isObject(message)) return { rejected: 'the message is not an object' };
  const externalId = idIn(message, 'id');
  const from = senderOf(message, contacts);
  if (externalId === undefined) return { rejected: 'message.id is missing' };
  if (from === undefined) return { rejected: 'the sender is missing' };
  const type = textIn(message, 'type');
  if (type === undefined) return { rejected: 'message.type is missing' };
  if (NOT_TAKEN.has(type)) return { ignored: `${type} is not taken` };
  const { channelId, receivedAt } = line;
  if (type === 'revoke' || type === 'edit') return readCorrection(message, type, from, line, externalId);
  const content = contentOf(message, line.mediaUrl);
  if (content === undefined)
    return { rejected: `the message lacks what its type ${type.slice(0, 40)} promises` };
  const answered = idIn(objectIn(message, 'context'), 'id');
  const sentAt = timeIn(message, 'timestamp');
  return one({
    type: 'message',
    channelId,
    externalId,
    from,
    ...content,
    // A chat lasts for ever and says nothing of the matter; only an answer to a certain message does.
    ...(answered !== undefined && { thread: { references: [answered] } }),
    automated: false,
    ...(sentAt !== undefined && { sentAt }),
    receivedAt,
  });
}

/** `revoke`: deleted for everybody. `edit`: written anew, within 15 minutes. */
function readCorrection(
  message: unknown,
  type: 'revoke' | 'edit',
  from: Address,
  { channelId, receivedAt, mediaUrl }: LineContext,
  ownId: string,
): PartOutcome {
  const part = objectIn(message, type);
  const externalId = idIn(part, 'original_message_id');
  if (externalId === undefined) return { rejected: 'original_message_id is missing' };
  if (type === 'revoke')
    return one({ type: 'withdrawal', channelId, of: 'message', externalId, from, receivedAt });
  const content = contentOf(objectIn(part, 'message'), mediaUrl);
  if (content === undefined) return { rejected: 'the edit has no content' };
  return one({ type: 'edit', channelId, externalId, version: ownId, from, text: content.text, receivedAt });
}

/** The number, where WhatsApp tells it; otherwise the id that stands for the person in our business. */
function senderOf(message: unknown, contacts: readonly unknown[]): Address | undefined {
  const [number, userId] = [idIn(message, 'from'), idIn(message, 'from_user_id')];
  const contact = contacts.find((known) => isOf(known, number, userId)) ?? {};
  const named = textIn(objectIn(contact, 'profile'), 'name');
  const name = named === undefined || named === '' ? {} : { name: named };
  const digits = number ?? idIn(contact, 'wa_id');
  if (digits !== undefined && /^\d+$/.test(digits)) {
    return { scheme: 'tel', value: normalizePhone(`+${digits}`), ...name };
  }
  const id = userId ?? idIn(contact, 'user_id') ?? number;
  return id === undefined ? undefined : { scheme: USER_SCHEME, value: id, ...name };
}

function isOf(contact: unknown, number: string | undefined, userId: string | undefined): boolean {
  if (number !== undefined) return idIn(contact, 'wa_id') === number;
  return userId === undefined || idIn(contact, 'user_id') === userId;
}

function readStatus(status: unknown, { channelId, receivedAt }: LineContext): PartOutcome {
  const externalId = idIn(status, 'id');
  const name = textIn(status, 'status') ?? '';
  if (externalId === undefined) return { rejected: 'status.id is missing' };
  if (TRANSIENT_STATES.has(name)) return { ignored: `status ${name} changes nothing` };
  const state = STATES.get(name);
  if (state === undefined) return { rejected: 'the status is not known' };
  const outboxId = outboxIdIn(textIn(status, 'biz_opaque_callback_data'));
  const code = state === 'failed' ? idIn(listIn(status, 'errors')[0], 'code') : undefined;
  return one({
    type: 'delivery',
    channelId,
    externalId,
    ...(outboxId !== undefined && { outboxId }),
    state,
    ...(code !== undefined && { code }),
    at: timeIn(status, 'timestamp') ?? receivedAt,
  });
}

function one(event: InboundEvent): PartOutcome {
  return { events: [event] };
}
