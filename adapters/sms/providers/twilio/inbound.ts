/**
 * Twilio's forms as events.
 * Messages: https://www.twilio.com/docs/messaging/guides/webhook-request
 * Delivery: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
 */
import {
  UnparsableError,
  type LeftPart,
  type Parsed,
  type RawRequest,
} from '../../../../src/core/channel.js';
import type { AttachmentRef, DeliveryState, InboundMessage } from '../../../../src/core/message.js';
import { isAlphanumericSender } from '../../../../src/core/phone.js';
import { normalizeLine, phoneAddress } from '../../phone.js';
import type { SmsLine } from '../../provider.js';
import { exactValue, formOf, MAX_PARAMETERS, value, type Form } from './form.js';

/** Twilio attaches at most 10; a form that says more is not followed for ever. */
const MAX_MEDIA = 100;

const STATES: ReadonlyMap<string, DeliveryState> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
  ['read', 'read'],
]);
/** On the way: nothing that a case needs to know. */
const TRANSIENT_STATES = new Set(['queued', 'accepted', 'scheduled', 'sending']);

/** A citizen's message. Pure. Throws UnparsableError where it has no id or no sender. */
export function parseMessage(request: RawRequest, line: SmsLine): Parsed {
  const form = readableForm(request);
  const externalId = required(form, 'MessageSid', 'SmsMessageSid', 'SmsSid');
  const sender = required(form, 'From');
  const media = parseMedia(form);
  const to = value(form, 'To');
  const message: InboundMessage = {
    type: 'message',
    channelId: line.channelId,
    externalId,
    from: phoneAddress(sender, line.region),
    ...(to && { to: { scheme: 'tel', value: normalizeLine(to, line.region) } }),
    text: exactValue(form, 'Body') ?? '',
    attachments: media.attachments,
    automated: isAlphanumericSender(sender),
    receivedAt: request.receivedAt.toISOString(),
  };
  return { events: [message], ignored: [], rejected: media.rejected };
}

/** What became of a message of ours. Pure. Throws UnparsableError where it has no id or no state. */
export function parseStatus(request: RawRequest, line: SmsLine): Parsed {
  const form = readableForm(request);
  const externalId = required(form, 'MessageSid', 'SmsSid');
  const status = required(form, 'MessageStatus', 'SmsStatus');
  if (TRANSIENT_STATES.has(status)) {
    return {
      events: [],
      ignored: [{ part: form.raw, reason: `status ${status} changes nothing` }],
      rejected: [],
    };
  }
  const state = STATES.get(status);
  if (state === undefined) {
    return { events: [], ignored: [], rejected: [{ part: form.raw, reason: 'status is not known' }] };
  }
  const outboxId = new URLSearchParams(request.target.split('?')[1]).get('ref');
  const code = value(form, 'ErrorCode');
  const event = {
    type: 'delivery',
    channelId: line.channelId,
    externalId,
    ...(outboxId && { outboxId }),
    state,
    ...(code && code !== '0' && { code }),
    at: request.receivedAt.toISOString(),
  } as const;
  return { events: [event], ignored: [], rejected: [] };
}

function readableForm(request: RawRequest): Form {
  const form = formOf(request);
  if (form.count > MAX_PARAMETERS) throw new UnparsableError('more than 1,000 form parameters');
  return form;
}

/** The first of several names that has a value: older accounts send older names. */
function required(form: Form, ...names: readonly string[]): string {
  for (const name of names) {
    const found = value(form, name);
    if (found) return found;
  }
  throw new UnparsableError(`${names[0]} is missing`);
}

function parseMedia(form: Form): { attachments: AttachmentRef[]; rejected: LeftPart[] } {
  const announced = Number(value(form, 'NumMedia') ?? 0);
  const attachments: AttachmentRef[] = [];
  const rejected: LeftPart[] = [];
  for (let i = 0; i < Math.min(announced, MAX_MEDIA); i++) {
    const url = value(form, `MediaUrl${i}`);
    if (!url) {
      rejected.push({ part: form.raw, reason: `MediaUrl${i} is announced and missing` });
      continue;
    }
    const contentType = value(form, `MediaContentType${i}`) ?? 'application/octet-stream';
    attachments.push({ name: mediaName(url, contentType, i), contentType, url });
  }
  return { attachments, rejected };
}

/** Twilio names no file: the media id and the type make one, `ME0….jpeg`. */
function mediaName(url: string, contentType: string, index: number): string {
  const path = url.split(/[?#]/, 1)[0] ?? '';
  const id = path.slice(path.lastIndexOf('/') + 1) || `media-${index}`;
  const extension = /^[a-z]+\/([a-z0-9]{1,8})$/i.exec(contentType)?.[1];
  return extension ? `${id}.${extension.toLowerCase()}` : id;
}
