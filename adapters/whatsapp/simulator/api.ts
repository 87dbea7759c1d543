/** The Cloud API, of what the adapter uses. https://developers.facebook.com/docs/whatsapp/cloud-api/reference */
import { timingSafeEqual } from 'node:crypto';
import type { RawReply, RawRequest } from '../../../src/core/channel.js';
import { countCharacters } from '../../shared/meta/measure.js';
import { idIn, listIn, objectIn, textIn } from '../../shared/meta/payload.js';
import { graphJson, graphProblem } from '../../shared/meta/simulator/answers.js';
import { TEMPLATE_LIMIT, TEXT_LIMIT } from '../send.js';
import type { WhatsappSettings } from '../settings.js';
import type { PlayedChats, PlayedMessage } from './chats.js';

const LEDGER_PATH = '/__ledger';
const VERSIONED = /^\/v\d+\.\d+\/([^/]+)(?:\/([^/]+))?$/;

/** The provider's answers without its faults. Calls `onSent` for each message that it takes. */
export class WhatsappApi {
  readonly #chats: PlayedChats;
  readonly #settings: Pick<WhatsappSettings, 'phoneNumberId' | 'businessAccountId' | 'accessToken'>;
  readonly #onSent: (message: PlayedMessage) => void;

  constructor(
    chats: PlayedChats,
    settings: Pick<WhatsappSettings, 'phoneNumberId' | 'businessAccountId' | 'accessToken'>,
    onSent: (message: PlayedMessage) => void,
  ) {
    this.#chats = chats;
    this.#settings = settings;
    this.#onSent = onSent;
  }

  handle(request: RawRequest): RawReply {
    const { pathname } = new URL(request.target, 'http://played');
    if (pathname === LEDGER_PATH) return this.#ledger();
    const [, node, edge = ''] = VERSIONED.exec(pathname) ?? [];
    if (!this.#isAuthenticated(request)) return graphProblem(401, 190, 'Invalid OAuth access token.');
    const { phoneNumberId, businessAccountId } = this.#settings;
    if (node === phoneNumberId && edge === '') return graphJson(200, { id: node, quality_rating: 'GREEN' });
    if (node === phoneNumberId && edge === 'messages' && request.method === 'POST')
      return this.#send(request);
    if (node === businessAccountId && edge === 'subscribed_apps') return this.#subscription(request.method);
    return graphProblem(400, 100, 'Unsupported request', { subcode: 33 });
  }

  #isAuthenticated(request: RawRequest): boolean {
    const given = Buffer.from(String(request.headers['authorization'] ?? ''));
    const expected = Buffer.from(`Bearer ${this.#settings.accessToken}`);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #send(request: RawRequest): RawReply {
    const body = readBody(request);
    const person = idIn(body, 'to') ?? idIn(body, 'recipient');
    if (person === undefined) return graphProblem(400, 131008, 'Required parameter is missing');
    const isTemplate = textIn(body, 'type') === 'template';
    const text = isTemplate ? templateText(body) : textIn(objectIn(body, 'text'), 'body');
    if (text === undefined || text === '') return graphProblem(400, 131008, 'Required parameter is missing');
    if (countCharacters(text) > (isTemplate ? TEMPLATE_LIMIT : TEXT_LIMIT)) {
      return graphProblem(400, 100, 'Param text must be shorter');
    }
    const callbackData = textIn(body, 'biz_opaque_callback_data');
    const message = this.#chats.add({
      person,
      by: 'business',
      text,
      isTemplate,
      state: 'sent',
      ...(callbackData !== undefined && { callbackData }),
    });
    this.#onSent(message);
    const contacts = [{ input: person, wa_id: person }];
    return graphJson(200, { messaging_product: 'whatsapp', contacts, messages: [{ id: message.wamid }] });
  }

  #subscription(method: string): RawReply {
    if (method === 'POST') {
      this.#chats.isSubscribed = true;
      return graphJson(200, { success: true });
    }
    const app = { whatsapp_business_api_data: { id: '900100200300', name: 'Tabea' } };
    return graphJson(200, { data: this.#chats.isSubscribed ? [app] : [] });
  }

  /** Everything that was taken for citizens, oldest first: the count that fault tests compare with the store. */
  #ledger(): RawReply {
    const sent = this.#chats.messages.filter(({ by }) => by === 'business');
    return graphJson(
      200,
      sent.map(({ person, text, wamid }) => ({ to: person, body: text, sid: wamid })),
    );
  }
}

function templateText(body: unknown): string | undefined {
  const [component] = listIn(objectIn(body, 'template'), 'components');
  return textIn(listIn(component, 'parameters')[0], 'text');
}

function readBody(request: RawRequest): unknown {
  try {
    return JSON.parse(request.body.toString('utf8'));
  } catch {
    return undefined;
  }
}
