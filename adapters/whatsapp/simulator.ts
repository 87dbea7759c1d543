import type { RawReply, RawRequest } from '../../src/core/channel.js';
import type {
  SimulatedMessage,
  SimulatorContext,
  SimulatorFault,
  SimulatorKind,
  SimulatorPart,
} from '../../src/core/simulator.js';
import { normalizePhone } from '../../src/core/phone.js';
import { graphProblem } from '../shared/meta/simulator/answers.js';
import { PlayedFaults } from '../shared/meta/simulator/faults.js';
import { MetaWebhooks } from '../shared/meta/simulator/webhooks.js';
import { WINDOW_MS } from './permission.js';
import { whatsappSettings } from './settings.js';
import { WhatsappApi } from './simulator/api.js';
import { PlayedChats, type PlayedMessage } from './simulator/chats.js';

/** Between the states of a message: long enough to be seen, short enough for a test. */
const STATE_DELAY_MS = 60;
const HOUR_MS = 60 * 60_000;

const ownFaults: readonly SimulatorFault[] = [
  { id: 'code-131047', label: 'Jendela 24 jam tertutup (kode 131047)' },
  { id: 'duplicate', label: 'Webhook dikirim dua kali' },
  { id: 'poison', label: 'Webhook membawa satu pesan yang rusak' },
  { id: 'older-than-24-hours', label: 'Pesan berikutnya sudah berumur 25 jam' },
  { id: 'hidden-number', label: 'Pengirim berikutnya menyembunyikan nomornya' },
  { id: 'unsubscribed', label: 'Langganan webhook dilepas oleh Meta' },
];

/** Chats on telephones, and Meta between them and the gateway. */
export const whatsappSimulator: SimulatorKind = {
  demoEnvironment: (simulatorUrl, secret) => ({
    WA_APP_SECRET: secret(16),
    WA_VERIFY_TOKEN: secret(16),
    WA_PHONE_NUMBER_ID: '104070110021998',
    WA_BUSINESS_ACCOUNT_ID: '104070110021999',
    WA_ACCESS_TOKEN: `EAA${secret(24)}`,
    WA_API_URL: simulatorUrl,
  }),
  create: (context) => new WhatsappSimulator(context),
};

interface PlayedChannel {
  readonly channelId: string;
  readonly appSecret: string;
  readonly phoneNumberId: string;
  readonly businessAccountId: string;
  readonly chats: PlayedChats;
  readonly api: WhatsappApi;
}

export class WhatsappSimulator implements SimulatorPart {
  readonly devices;
  readonly #faults = new PlayedFaults(ownFaults);
  readonly faults = this.#faults.known;
  readonly #channels: readonly PlayedChannel[];
  readonly #webhooks: MetaWebhooks;

  constructor(context: SimulatorContext) {
    this.#webhooks = new MetaWebhooks(context);
    this.#channels = context.channels.flatMap((channel) => this.#play(channel, context));
    this.devices = context.channels
      .filter(({ channelId }) => this.#channels.some((known) => known.channelId === channelId))
      .map(({ channelId, label, address }) => ({ channelId, look: 'whatsapp', title: label, address }));
  }

  async handle(request: RawRequest): Promise<RawReply> {
    const answer = () => this.#apiFor(request).handle(request);
    const isText = request.method === 'POST' && request.body.includes('"type":"text"');
    if (isText && this.#faults.take('code-131047')) return graphProblem(400, 131047, 'Re-engagement message');
    return await this.#faults.play(request, answer);
  }

  async write(input: { channelId: string; from: string; text: string }): Promise<SimulatedMessage> {
    const channel = this.#channel(input.channelId);
    const person = personOf(input.from);
    const ageMs = this.#faults.take('older-than-24-hours') ? WINDOW_MS + HOUR_MS : 0;
    const message = channel.chats.add({
      person,
      by: 'person',
      text: input.text,
      isTemplate: false,
      state: 'sent',
      ageMs,
    });
    const isHidden = this.#faults.take('hidden-number');
    await this.#deliver(channel, messageValue(message, isHidden));
    return shown(message);
  }

  conversation(channelId: string, from: string): readonly SimulatedMessage[] {
    const person = personOf(from);
    const known = new Set([person, userIdOf(person)]);
    return this.#channel(channelId)
      .chats.messages.filter((message) => known.has(message.person))
      .map(shown);
  }

  setFault(id: string, times: number): void {
    this.#faults.set(id, times);
    if (id !== 'unsubscribed' || times === 0) return;
    // At once, and once: what Meta does is not tied to a request.
    for (const { chats } of this.#channels) chats.isSubscribed = false;
    this.#faults.set(id, 0);
  }

  activeFaults(): Readonly<Record<string, number>> {
    return this.#faults.active();
  }

  onChange(listener: (channelId: string, from: string) => void): () => void {
    const ends = this.#channels.map(({ channelId, chats }) =>
      chats.onChange((person) => listener(channelId, `+${person}`)),
    );
    return () => ends.forEach((end) => end());
  }

  async close(): Promise<void> {
    this.#faults.close();
    await this.#webhooks.close();
  }

  #play(
    { channelId, settings }: SimulatorContext['channels'][number],
    { clock }: SimulatorContext,
  ): PlayedChannel[] {
    const parsed = whatsappSettings.safeParse(settings);
    if (!parsed.success) return [];
    const { appSecret, phoneNumberId, businessAccountId = '' } = parsed.data;
    const chats = new PlayedChats(clock);
    const api = new WhatsappApi(chats, parsed.data, (message) => void this.#report(channel, message));
    const channel = { channelId, appSecret, phoneNumberId, businessAccountId, chats, api };
    return [channel];
  }

  #apiFor({ target }: RawRequest): WhatsappApi {
    const named = this.#channels.find(
      (one) => target.includes(`/${one.phoneNumberId}`) || target.includes(`/${one.businessAccountId}/`),
    );
    const channel = named ?? this.#channels[0];
    if (!channel) throw new Error('no number is played');
    return channel.api;
  }

  /** A text that comes too late is taken, and fails afterwards: that is how WhatsApp does it. */
  async #report(channel: PlayedChannel, message: PlayedMessage): Promise<void> {
    const isLate = !message.isTemplate && channel.chats.silenceMs(message.person) >= WINDOW_MS;
    try {
      for (const state of isLate ? ['failed'] : ['sent', 'delivered', 'read']) {
        await this.#webhooks.pause(STATE_DELAY_MS);
        channel.chats.setState(message, state);
        await this.#post(channel, { statuses: [statusOf(message, state)] });
      }
    } catch {
      // The simulator closes.
    }
  }

  async #deliver(channel: PlayedChannel, value: { readonly messages: readonly object[] }): Promise<void> {
    const whole = this.#faults.take('poison')
      ? { ...value, messages: [...value.messages, { type: 'text', text: { body: 'tanpa id' } }] }
      : value;
    const post = () => this.#post(channel, whole);
    await Promise.all(this.#faults.take('duplicate') ? [post(), post()] : [post()]);
  }

  async #post(channel: PlayedChannel, value: object): Promise<void> {
    if (!channel.chats.isSubscribed) return;
    const metadata = { display_phone_number: '628114706990', phone_number_id: channel.phoneNumberId };
    const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } };
    const payload = {
      object: 'whatsapp_business_account',
      entry: [{ id: channel.businessAccountId, changes: [change] }],
    };
    await this.#webhooks.post(`/webhooks/${channel.channelId}`, channel.appSecret, payload);
  }

  #channel(channelId: string): PlayedChannel {
    const channel = this.#channels.find((known) => known.channelId === channelId);
    if (!channel) throw new Error(`channel ${channelId} is not played`);
    return channel;
  }
}

function messageValue(message: PlayedMessage, isHidden: boolean) {
  const { person, wamid, text, at } = message;
  const profile = { name: 'Warga Ambon' };
  const userId = userIdOf(person);
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const [contact, sender] = isHidden
    ? [{ profile, user_id: userId }, { from_user_id: userId }]
    : [
        { profile, wa_id: person, user_id: userId },
        { from: person, from_user_id: userId },
      ];
  return {
    contacts: [contact],
    messages: [{ ...sender, id: wamid, timestamp, type: 'text', text: { body: text } }],
  };
}

function statusOf(message: PlayedMessage, status: string): object {
  const { wamid: id, person, callbackData } = message;
  return {
    id,
    status,
    timestamp: String(Math.floor(Date.now() / 1000)),
    recipient_id: person,
    ...(callbackData !== undefined && { biz_opaque_callback_data: callbackData }),
    ...(status === 'failed' && { errors: [{ code: 131047, title: 'Re-engagement message' }] }),
  };
}

/** As WhatsApp writes numbers: digits only. */
function personOf(from: string): string {
  return normalizePhone(from).replace(/^\+/, '');
}

/** The id by which a business knows somebody who hides his number. */
function userIdOf(person: string): string {
  return `ID.${person}0`;
}

function shown(message: PlayedMessage): SimulatedMessage {
  return {
    id: message.wamid,
    direction: message.by === 'person' ? 'out' : 'in',
    text: message.text,
    at: message.at.toISOString(),
    state: message.state,
  };
}
