import { z } from 'zod';
import type { RawReply, RawRequest } from '../../src/core/channel.js';
import type {
  SimulatedMessage,
  SimulatorContext,
  SimulatorFault,
  SimulatorKind,
  SimulatorPart,
} from '../../src/core/simulator.js';
import { normalizePhone } from '../../src/core/phone.js';
import { normalizeLine } from './phone.js';
import { twilioSettings } from './providers/twilio/settings.js';
import { problem, TwilioApi, type AcceptedMessage, type PlayedLine } from './simulator/api.js';
import { asShown, PlayedMessages } from './simulator/messages.js';
import { TwilioWebhooks } from './simulator/webhooks.js';

/** Words on which Twilio itself blocks and unblocks: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out */
const STOP_WORDS = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT']);
const START_WORDS = new Set(['START', 'UNSTOP', 'YES']);

/** Between the states of a message: long enough to be seen, short enough for a test. */
const STATE_DELAY_MS = 60;
/** A client that waits longer than this for an answer gets one after all. */
const SILENCE_MS = 60_000;

const faults: readonly SimulatorFault[] = [
  { id: 'http-429', label: 'Batas laju (429, Retry-After 1 detik)' },
  { id: 'http-500', label: 'Galat penyedia (500)' },
  { id: 'timeout', label: 'Tidak menjawab dan tidak menerima' },
  { id: 'accepted-no-answer', label: 'Menerima, tetapi sambungan putus sebelum menjawab' },
  { id: 'duplicate', label: 'Webhook dikirim dua kali' },
  { id: 'out-of-order', label: 'Laporan kirim tidak berurutan' },
];

/** Telephones on the page, and Twilio between them and the gateway. */
export const smsSimulator: SimulatorKind = {
  demoEnvironment: (simulatorUrl, secret) => ({
    TWILIO_ACCOUNT_SID: `AC${secret(16)}`,
    TWILIO_AUTH_TOKEN: secret(16),
    TWILIO_API_URL: `${simulatorUrl}/twilio`,
  }),
  create: (context) => new SmsSimulator(context),
};

/** As SimulatorPart, with the exact count that fault tests need. */
export class SmsSimulator implements SimulatorPart {
  readonly faults = faults;
  readonly devices;
  readonly #lines: readonly PlayedLine[];
  readonly #messages: PlayedMessages;
  readonly #api: TwilioApi;
  readonly #webhooks: TwilioWebhooks;
  readonly #faults = new Map<string, number>();
  readonly #silences = new Set<() => void>();

  constructor(context: SimulatorContext) {
    const played = context.channels.flatMap((channel) => {
      const line = playedLine(channel);
      return line ? [{ line, label: channel.label }] : [];
    });
    this.#lines = played.map(({ line }) => line);
    this.devices = played.map(({ line, label }) => ({
      channelId: line.channelId,
      look: 'phone',
      title: label,
      address: line.address,
    }));
    this.#messages = new PlayedMessages(context.clock);
    this.#webhooks = new TwilioWebhooks(context);
    this.#api = new TwilioApi(this.#lines, this.#messages, (accepted) => void this.#deliver(accepted));
  }

  handle(request: RawRequest): Promise<RawReply> {
    if (request.method !== 'POST') return Promise.resolve(this.#api.handle(request));
    if (this.#takeFault('http-429')) {
      return Promise.resolve(problem(429, 20429, 'Too Many Requests', { 'retry-after': '1' }));
    }
    if (this.#takeFault('http-500')) return Promise.resolve(problem(500, 20500, 'Internal Server Error'));
    if (this.#takeFault('timeout')) return this.#silence();
    const reply = this.#api.handle(request);
    if (!this.#takeFault('accepted-no-answer')) return Promise.resolve(reply);
    // Less than announced, and the connection closed: all that a reply can do to break off.
    return Promise.resolve({
      ...reply,
      headers: { 'content-length': '1024', connection: 'close' },
      body: '',
    });
  }

  async write(input: { channelId: string; from: string; text: string }): Promise<SimulatedMessage> {
    const line = this.#line(input.channelId);
    const from = normalizePhone(input.from);
    const { accountSid } = line;
    const message = this.#messages.add({
      accountSid,
      direction: 'inbound',
      from,
      to: line.address,
      body: input.text,
      status: 'received',
    });
    this.#heed(line.address, from, input.text);
    const form = {
      ToCountry: 'ID',
      ToState: '',
      SmsMessageSid: message.sid,
      NumMedia: '0',
      ToCity: '',
      FromZip: '',
      SmsSid: message.sid,
      FromState: '',
      SmsStatus: 'received',
      FromCity: '',
      Body: input.text,
      FromCountry: 'ID',
      To: line.address,
      ToZip: '',
      NumSegments: String(message.segments),
      MessageSid: message.sid,
      AccountSid: accountSid,
      From: from,
      ApiVersion: '2010-04-01',
    };
    const post = () => this.#webhooks.post(`/webhooks/${line.channelId}`, line.authToken, form);
    await Promise.all(this.#takeFault('duplicate') ? [post(), post()] : [post()]);
    return asShown(message);
  }

  conversation(channelId: string, from: string): readonly SimulatedMessage[] {
    return this.#messages.conversation(this.#line(channelId).address, normalizePhone(from));
  }

  /** Messages accepted for each recipient, exact since the start. */
  accepted(): ReadonlyMap<string, number> {
    return this.#messages.accepted();
  }

  setFault(id: string, times: number): void {
    if (!faults.some((fault) => fault.id === id)) throw new Error(`there is no fault ${id}`);
    if (times > 0) this.#faults.set(id, times);
    else this.#faults.delete(id);
  }

  activeFaults(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#faults);
  }

  onChange(listener: (channelId: string, from: string) => void): () => void {
    return this.#messages.onChange((address, citizen) => {
      for (const line of this.#lines) if (line.address === address) listener(line.channelId, citizen);
    });
  }

  async close(): Promise<void> {
    for (const end of this.#silences) end();
    await this.#webhooks.close();
  }

  /** Reports the states of an accepted message, some time after the answer. */
  async #deliver({ message, line, statusCallback }: AcceptedMessage): Promise<void> {
    const states = this.#takeFault('out-of-order')
      ? ['delivered', 'sent', 'queued']
      : ['queued', 'sent', 'delivered'];
    const path = statusCallback === undefined ? undefined : this.#webhooks.pathOf(statusCallback);
    try {
      for (const status of states) {
        await this.#webhooks.pause(STATE_DELAY_MS);
        if (message.status !== 'delivered') this.#messages.setStatus(message, status);
        if (path === undefined) continue;
        await this.#webhooks.post(path, line.authToken, {
          SmsSid: message.sid,
          SmsStatus: status,
          MessageStatus: status,
          To: message.to,
          MessageSid: message.sid,
          AccountSid: message.accountSid,
          From: message.from,
          ApiVersion: '2010-04-01',
        });
      }
    } catch {
      // The simulator closes.
    }
  }

  #heed(line: string, citizen: string, text: string): void {
    const word = text.trim().toUpperCase();
    if (STOP_WORDS.has(word)) this.#messages.setOptedOut(line, citizen, true);
    if (START_WORDS.has(word)) this.#messages.setOptedOut(line, citizen, false);
  }

  #takeFault(id: string): boolean {
    const left = this.#faults.get(id) ?? 0;
    if (left > 0) this.setFault(id, left - 1);
    return left > 0;
  }

  /** No answer until the client has given up. */
  #silence(): Promise<RawReply> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#silences.delete(end);
        resolve(problem(504, 20504, 'Timeout'));
      };
      const timer = setTimeout(end, SILENCE_MS).unref();
      this.#silences.add(end);
    });
  }

  #line(channelId: string): PlayedLine {
    const line = this.#lines.find((known) => known.channelId === channelId);
    if (!line) throw new Error(`channel ${channelId} is not played`);
    return line;
  }
}

const playedSettings = z.object({ provider: z.literal('twilio'), twilio: twilioSettings });

/** Lines behind another provider are not played here. */
function playedLine(channel: SimulatorContext['channels'][number]): PlayedLine | undefined {
  const settings = playedSettings.safeParse(channel.settings);
  if (!settings.success) return undefined;
  const { accountSid, authToken } = settings.data.twilio;
  return { channelId: channel.channelId, address: normalizeLine(channel.address), accountSid, authToken };
}
