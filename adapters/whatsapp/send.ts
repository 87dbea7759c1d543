/**
 * Replies by WhatsApp: free text within 24 hours of the person's last message, a template later.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
 */
import { ChannelError } from '../../src/core/channel-error.js';
import type { OutboundMessage, SendResult } from '../../src/core/channel.js';
import { unreadableError } from '../shared/meta/errors.js';
import type { GraphClient } from '../shared/meta/graph.js';
import { countCharacters } from '../shared/meta/measure.js';
import { idIn, listIn } from '../shared/meta/payload.js';
import { isWindowClosed } from './errors.js';
import { WINDOW_MS } from './permission.js';
import type { WhatsappSettings } from './settings.js';

/** https://developers.facebook.com/docs/whatsapp/cloud-api/messages/text-messages */
export const TEXT_LIMIT = 4_096;
/** Of a template's body with its parameters; ours is mostly the parameter. */
export const TEMPLATE_LIMIT = 1_024;

/** Comes back with each status, and so tells what became of an attempt whose answer was lost. */
const CALLBACK = 'tabea:';

export function outboxIdIn(callbackData: string | undefined): string | undefined {
  return callbackData?.startsWith(CALLBACK) === true ? callbackData.slice(CALLBACK.length) : undefined;
}

type SendSettings = Pick<WhatsappSettings, 'phoneNumberId' | 'template'>;

/** Throws ChannelError. `now`: for the window that is surely over. */
export async function sendWhatsapp(
  graph: GraphClient,
  { phoneNumberId, template }: SendSettings,
  message: OutboundMessage,
  now: Date,
  signal: AbortSignal,
): Promise<SendResult> {
  const post = async (content: object): Promise<SendResult> => {
    const body = {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      ...recipientOf(message),
      ...content,
      biz_opaque_callback_data: CALLBACK + message.id,
    };
    const answer = await graph.post(`${phoneNumberId}/messages`, body, signal);
    const externalId = idIn(listIn(answer.body, 'messages')[0], 'id');
    // Without an id the message cannot be followed.
    if (externalId === undefined) throw unreadableError();
    return { externalId };
  };
  const { lastInboundAt } = message;
  // WhatsApp takes a text that is too late, and says so afterwards: it must be known beforehand.
  const isLate = lastInboundAt === undefined || now.getTime() - lastInboundAt.getTime() >= WINDOW_MS;
  if (template !== undefined && isLate) return await post(templateContent(template, message.text));
  try {
    return await post(textContent(message.text));
  } catch (error) {
    if (template === undefined || !isWindowClosed(error)) throw error;
    return await post(templateContent(template, message.text));
  }
}

/** A number without its plus, or the id of a person whose number is not told. */
function recipientOf({ to }: OutboundMessage): object {
  return to.scheme === 'tel' ? { to: to.value.replace(/^\+/, '') } : { recipient: to.value };
}

function textContent(text: string): object {
  demandLength(text, TEXT_LIMIT);
  return { type: 'text', text: { preview_url: false, body: text } };
}

/** A parameter may hold neither line ends nor tabs nor more than four spaces in a row. */
function templateContent({ name, language }: { name: string; language: string }, text: string): object {
  const parameter = text
    .trim()
    .replaceAll(/\s*[\r\n]\s*/g, ' | ')
    .replaceAll(/\t| {4,}/g, ' ');
  demandLength(parameter, TEMPLATE_LIMIT);
  const components = [{ type: 'body', parameters: [{ type: 'text', text: parameter }] }];
  return { type: 'template', template: { name, language: { code: language }, components } };
}

function demandLength(text: string, limit: number): void {
  if (countCharacters(text) <= limit) return;
  throw new ChannelError('rejected', `the text is longer than ${limit} characters`, { retry: 'never' });
}
