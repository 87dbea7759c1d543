import type { RawReply, RawRequest } from '../../src/core/channel.js';
import type {
  SimulatedMessage,
  SimulatorContext,
  SimulatorFault,
  SimulatorKind,
  SimulatorPart,
} from '../../src/core/simulator.js';
import { graphProblem } from '../shared/meta/simulator/answers.js';
import { PlayedFaults } from '../shared/meta/simulator/faults.js';
import { MetaWebhooks } from '../shared/meta/simulator/webhooks.js';
import { facebookSettings, type FacebookSettings } from './settings.js';
import { FacebookApi } from './simulator/api.js';
import { commentEvent, deliveryEvents, messageEvent, type PlayedEntry } from './simulator/events.js';
import { PlayedPage, type PlayedComment, type PlayedMessage, type PlayedPerson } from './simulator/world.js';

/** Between the states of a message: long enough to be seen, short enough for a test. */
const STATE_DELAY_MS = 60;
const DAY_MS = 24 * 60 * 60_000;

/** A page has two devices; the second one is no channel of its own. */
const COMMENTS_DEVICE = '--komentar';

const ownFaults: readonly SimulatorFault[] = [
  { id: 'code-10', label: 'Jendela balasan tertutup (kode 10)' },
  { id: 'duplicate', label: 'Webhook dikirim dua kali' },
  { id: 'poison', label: 'Webhook membawa satu kejadian yang rusak' },
  { id: 'older-than-24-hours', label: 'Pesan berikutnya sudah berumur 25 jam' },
  { id: 'older-than-7-days', label: 'Pesan berikutnya sudah berumur 8 hari' },
  { id: 'unsubscribed', label: 'Langganan webhook halaman dilepas oleh Meta' },
];

/** Messenger and a page's post, and Meta between them and the gateway. */
export const facebookSimulator: SimulatorKind = {
  demoEnvironment: (simulatorUrl, secret) => ({
    FB_APP_SECRET: secret(16),
    FB_VERIFY_TOKEN: secret(16),
    FB_PAGE_ID: '104070110021997',
    FB_PAGE_ACCESS_TOKEN: `EAA${secret(24)}`,
    GRAPH_API_URL: simulatorUrl,
  }),
  create: (context) => new FacebookSimulator(context),
};

interface PlayedChannel {
  readonly channelId: string;
  readonly appSecret: string;
  readonly page: PlayedPage;
  readonly api: FacebookApi;
}

export class FacebookSimulator implements SimulatorPart {
  readonly devices;
  readonly #faults = new PlayedFaults(ownFaults);
  readonly faults = this.#faults.known;
  readonly #channels: readonly PlayedChannel[];
  readonly #webhooks: MetaWebhooks;

  constructor(context: SimulatorContext) {
    this.#webhooks = new MetaWebhooks(context);
    this.#channels = context.channels.flatMap((channel) => {
      const settings = facebookSettings.safeParse(channel.settings);
      return settings.success ? [this.#play(channel.channelId, settings.data, context)] : [];
    });
    this.devices = context.channels
      .filter(({ channelId }) => this.#channels.some((known) => known.channelId === channelId))
      .flatMap(({ channelId, label, address }) => [
        { channelId, look: 'messenger', title: `${label}: Messenger`, address },
        { channelId: channelId + COMMENTS_DEVICE, look: 'comments', title: `${label}: komentar`, address },
      ]);
  }

  async handle(request: RawRequest): Promise<RawReply> {
    const answer = () => this.#apiFor(request).handle(request);
    const isSending = request.method === 'POST' && request.target.includes('/messages');
    if (isSending && this.#faults.take('code-10')) {
      return graphProblem(400, 10, 'This message is sent outside of allowed window.', { subcode: 2018278 });
    }
    return await this.#faults.play(request, answer);
  }

  async write(input: { channelId: string; from: string; text: string }): Promise<SimulatedMessage> {
    const { channel, isComment } = this.#device(input.channelId);
    const { page } = channel;
    const person = page.person(input.from);
    const ageMs = this.#ageOfNext();
    if (isComment) {
      const parentId = openThreadOf(page, person) ?? page.postId;
      const comment = page.addComment({ parentId, author: person, text: input.text, ageMs });
      await this.#deliver(channel, { changes: [commentEvent(page, comment, person)] });
      return shownComment(comment);
    }
    const message = page.addMessage({ psid: person.psid, by: 'person', text: input.text, ageMs });
    await this.#deliver(channel, { messaging: [messageEvent(page, message)] });
    return shownMessage(message);
  }

  conversation(channelId: string, from: string): readonly SimulatedMessage[] {
    const { channel, isComment } = this.#device(channelId);
    const { page } = channel;
    const person = page.person(from);
    if (!isComment) return page.messages.filter(({ psid }) => psid === person.psid).map(shownMessage);
    const post = {
      id: page.postId,
      direction: 'in',
      text: page.postText,
      at: page.postedAt.toISOString(),
      state: 'sent',
    } as const;
    return [post, ...page.threadsOf(person).map(shownComment)];
  }

  setFault(id: string, times: number): void {
    this.#faults.set(id, times);
    if (id !== 'unsubscribed' || times === 0) return;
    // At once, and once: what Meta does is not tied to a request.
    for (const { page } of this.#channels) page.fields.clear();
    this.#faults.set(id, 0);
  }

  activeFaults(): Readonly<Record<string, number>> {
    return this.#faults.active();
  }

  onChange(listener: (channelId: string, from: string) => void): () => void {
    const ends = this.#channels.map(({ channelId, page }) =>
      page.onChange(({ name }) => {
        listener(channelId, name);
        listener(channelId + COMMENTS_DEVICE, name);
      }),
    );
    return () => ends.forEach((end) => end());
  }

  async close(): Promise<void> {
    this.#faults.close();
    await this.#webhooks.close();
  }

  #play(channelId: string, settings: FacebookSettings, { clock }: SimulatorContext): PlayedChannel {
    const page = new PlayedPage(settings.pageId, clock);
    for (const field of ['messages', 'messaging_postbacks', 'message_echoes', 'message_deliveries', 'feed']) {
      page.fields.add(field);
    }
    const onSent = (message: PlayedMessage) => void this.#report(channel, message);
    const channel = {
      channelId,
      appSecret: settings.appSecret,
      page,
      api: new FacebookApi(page, settings, clock, onSent),
    };
    return channel;
  }

  /** One app may have several pages: the one that the path names, else the first. */
  #apiFor({ target }: RawRequest): FacebookApi {
    const named = this.#channels.find(({ page }) => target.includes(`/${page.pageId}`));
    const channel = named ?? this.#channels[0];
    if (!channel) throw new Error('no page is played');
    return channel.api;
  }

  /** Echo, delivery and reading of a message, some time after the answer. */
  async #report(channel: PlayedChannel, message: PlayedMessage): Promise<void> {
    try {
      for (const { state, event } of deliveryEvents(channel.page, message)) {
        await this.#webhooks.pause(STATE_DELAY_MS);
        channel.page.setState(message, state);
        await this.#post(channel, { messaging: [event] });
      }
    } catch {
      // The simulator closes.
    }
  }

  async #deliver(channel: PlayedChannel, entry: PlayedEntry): Promise<void> {
    const poison = this.#faults.take('poison')
      ? [{ sender: { id: '1' }, message: { text: 'tanpa mid' } }]
      : [];
    const whole =
      poison.length === 0 ? entry : { ...entry, messaging: [...(entry.messaging ?? []), ...poison] };
    const post = () => this.#post(channel, whole);
    await Promise.all(this.#faults.take('duplicate') ? [post(), post()] : [post()]);
  }

  /** Nothing comes from a page that is not subscribed; whoever looks later finds it in Graph's lists. */
  async #post({ channelId, appSecret, page }: PlayedChannel, entry: PlayedEntry): Promise<void> {
    if (page.fields.size === 0) return;
    const payload = { object: 'page', entry: [{ id: page.pageId, time: Date.now(), ...entry }] };
    await this.#webhooks.post(`/webhooks/${channelId}`, appSecret, payload);
  }

  #ageOfNext(): number {
    if (this.#faults.take('older-than-7-days')) return 8 * DAY_MS;
    return this.#faults.take('older-than-24-hours') ? DAY_MS + 60 * 60_000 : 0;
  }

  #device(deviceId: string): { readonly channel: PlayedChannel; readonly isComment: boolean } {
    const isComment = deviceId.endsWith(COMMENTS_DEVICE);
    const channelId = isComment ? deviceId.slice(0, -COMMENTS_DEVICE.length) : deviceId;
    const channel = this.#channels.find((known) => known.channelId === channelId);
    if (!channel) throw new Error(`channel ${channelId} is not played`);
    return { channel, isComment };
  }
}

/** Who was answered goes on below; otherwise a new comment is a new matter. */
function openThreadOf(page: PlayedPage, person: PlayedPerson): string | undefined {
  const last = page.threadsOf(person).at(-1);
  return last !== undefined && last.author === undefined ? page.topOf(last).id : undefined;
}

function shownMessage(message: PlayedMessage): SimulatedMessage {
  return {
    id: message.mid,
    direction: message.by === 'person' ? 'out' : 'in',
    text: message.text,
    at: message.at.toISOString(),
    state: message.state,
    ...(message.repliesTo !== undefined && { subject: 'Balasan pribadi atas komentar Anda' }),
  };
}

function shownComment(comment: PlayedComment): SimulatedMessage {
  const direction = comment.author === undefined ? 'in' : 'out';
  return { id: comment.id, direction, text: comment.text, at: comment.at.toISOString(), state: 'sent' };
}
