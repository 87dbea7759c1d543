import type { ServerResponse } from 'node:http';
import type { RawReply, RawRequest } from '../../src/core/channel.js';
import type {
  SimulatedDevice,
  SimulatedMessage,
  SimulatorContext,
  SimulatorFault,
  SimulatorKind,
  SimulatorPart,
} from '../../src/core/simulator.js';
import { twitterSettings, type TwitterSettings } from './settings.js';
import { XApi } from './simulator/api.js';
import { PlayedPosts, type PlayedPost } from './simulator/posts.js';
import { listen, type PlayedServer } from './simulator/server.js';
import { Streams, STREAMS_TIMING, type StreamsTiming } from './simulator/streams.js';
import { citizenNamed } from './simulator/users.js';
import { json, problem } from './simulator/wire.js';

const STREAM_PATH = '/2/tweets/search/stream';
const LEDGER_PATH = '/__ledger';
const ACCOUNT = { id: '1500000000000000001', username: 'tabea_ambon', name: 'Tabea Ambon' };
/** A client that waits longer than this for an answer gets one after all. */
const SILENCE_MS = 60_000;
/** After a 429 the limit is lifted so soon: X's fifteen minutes are too long for a demonstration. */
const RESET_S = 3;

const faults: readonly SimulatorFault[] = [
  { id: 'http-429', label: 'Batas laju saat membalas (429 dengan waktu pulih)' },
  { id: 'http-503', label: 'Galat X saat membalas (503)' },
  { id: 'forbidden', label: 'X melarang balasan (403)' },
  { id: 'accepted-no-answer', label: 'Balasan diterbitkan, tetapi sambungan putus sebelum dijawab' },
  { id: 'timeout', label: 'Tidak menjawab dan tidak menerbitkan' },
  { id: 'silent-stream', label: 'Aliran kiriman diam 30 detik' },
  { id: 'too-many-connections', label: 'Aliran menolak: terlalu banyak sambungan' },
  { id: 'duplicate', label: 'Kiriman disampaikan dua kali' },
];

/** A timeline on the page, and X between it and the gateway. */
export const twitterSimulator: SimulatorKind = {
  demoEnvironment: (_simulatorUrl, secret, port) => ({
    X_BEARER_TOKEN: secret(32),
    X_APP_KEY: secret(12),
    X_APP_SECRET: secret(24),
    X_ACCESS_TOKEN: `${ACCOUNT.id}-${secret(16)}`,
    X_ACCESS_SECRET: secret(24),
    X_API_URL: `http://127.0.0.1:${port('api')}`,
  }),
  create: (context) => new TwitterSimulator(context),
};

interface PlayedChannel {
  readonly channelId: string;
  readonly label: string;
  readonly address: string;
  readonly settings: TwitterSettings;
}

/** Plays the account of the first channel that points at this machine. */
export class TwitterSimulator implements SimulatorPart {
  readonly faults = faults;
  readonly devices: readonly SimulatedDevice[];
  readonly posts: PlayedPosts;
  readonly #channel: PlayedChannel | undefined;
  readonly #api: XApi | undefined;
  readonly #streams: Streams;
  readonly #faults = new Map<string, number>();
  readonly #silences = new Set<() => void>();
  #server: PlayedServer | undefined;
  #isFull = false;

  constructor(context: SimulatorContext, timing: StreamsTiming = STREAMS_TIMING) {
    const [channel] = context.channels.flatMap((one) => playedChannel(one) ?? []);
    const id = channel?.settings.accessToken.split('-', 1)[0] ?? ACCOUNT.id;
    this.posts = new PlayedPosts({ ...ACCOUNT, id }, context.clock);
    this.#channel = channel;
    this.#streams = new Streams({
      posts: this.posts,
      rules: () => this.#api?.rules ?? [],
      takeFault: (fault) => this.#takeFault(fault),
      timing,
    });
    const { settings } = channel ?? {};
    const endStreams = () => {
      this.#isFull = false;
      this.#streams.end();
    };
    if (settings !== undefined) {
      this.#api = new XApi({ settings, posts: this.posts, clock: context.clock, endStreams });
    }
    this.devices = (channel === undefined ? [] : [channel]).map(({ channelId, label, address }) => ({
      channelId,
      look: 'timeline',
      title: label,
      address: `${address} · @${this.posts.account.username}`,
    }));
    this.posts.onChange((post) => this.#streams.tell(post));
  }

  async start(): Promise<void> {
    if (this.#channel === undefined) return;
    const url = new URL(this.#channel.settings.apiUrl);
    this.#server = await listen(url, (request, response) => this.#answer(request, response));
  }

  /** All but the stream, which needs the listener. */
  async handle(request: RawRequest): Promise<RawReply> {
    const stream = problem(503, 'Service Unavailable', 'The stream is served at X_API_URL.');
    return (await this.#answer(request)) ?? stream;
  }

  /** `subject`: `reply:ID`, `quote:ID`, `retweet:ID` or `delete:ID`; a new post without. */
  async write(input: {
    channelId: string;
    from: string;
    text: string;
    subject?: string;
  }): Promise<SimulatedMessage> {
    const author = citizenNamed(input.from);
    const [, act = 'post', id = ''] =
      /^(reply|quote|retweet|delete):([0-9]+)$/.exec(input.subject ?? '') ?? [];
    if (act === 'delete') {
      const post = this.posts.get(id);
      if (post?.author.id !== author.id) throw new Error('only one’s own posts can be deleted');
      this.posts.remove(post);
      return await Promise.resolve(this.#asShown(post, author.id));
    }
    const relation = { post: {}, reply: { answers: id }, quote: { quotes: id }, retweet: { retweets: id } }[
      act
    ];
    const post = this.posts.add({ author, text: input.text, ...relation });
    return this.#asShown(post, author.id);
  }

  conversation(_channelId: string, from: string): readonly SimulatedMessage[] {
    const citizen = citizenNamed(from);
    return this.posts.seenBy(citizen).map((post) => this.#asShown(post, citizen.id));
  }

  /** Open connections of the stream. */
  get streamCount(): number {
    return this.#streams.size;
  }

  get ruleValues(): readonly string[] {
    return (this.#api?.rules ?? []).map(({ value }) => value);
  }

  /** As if somebody had removed them in X's console. */
  loseRules(): void {
    this.#api?.loseRules();
  }

  cutStreams(): void {
    this.#streams.end();
  }

  setFault(id: string, times: number): void {
    if (!faults.some((fault) => fault.id === id)) throw new Error(`there is no fault ${id}`);
    if (times > 0) this.#faults.set(id, times);
    else this.#faults.delete(id);
    if (id === 'too-many-connections' && times > 0) this.#streams.end();
  }

  activeFaults(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#faults);
  }

  onChange(listener: (channelId: string, from: string) => void): () => void {
    return this.posts.onChange((post) => listener(this.#channel?.channelId ?? '', post.author.username));
  }

  async close(): Promise<void> {
    for (const end of this.#silences) end();
    this.#streams.end();
    await this.#server?.close();
  }

  async #answer(request: RawRequest, response?: ServerResponse): Promise<RawReply | undefined> {
    const [path = ''] = request.target.split('?', 1);
    if (this.#api === undefined) return problem(404, 'Not Found', 'Not Found');
    if (path === LEDGER_PATH) return json(200, this.#ledger());
    if (request.method === 'GET' && path === STREAM_PATH)
      return this.#openStream(this.#api, request, response);
    const isPost = request.method === 'POST' && path === '/2/tweets';
    if (!isPost) return this.#api.handle(request, path);
    if (this.#takeFault('http-429')) {
      const headers = this.#api.limits(0, RESET_S);
      return problem(429, 'Too Many Requests', 'Too Many Requests', { headers });
    }
    if (this.#takeFault('http-503')) return problem(503, 'Service Unavailable', 'Service Unavailable');
    if (this.#takeFault('forbidden')) {
      return problem(403, 'Forbidden', 'You are not permitted to perform this action.');
    }
    if (this.#takeFault('timeout')) return await this.#silence();
    const reply = this.#api.handle(request, path);
    if (!this.#takeFault('accepted-no-answer')) return reply;
    // Less than announced, and the connection closed: all that a reply can do to break off.
    return { ...reply, headers: { 'content-length': '1024', connection: 'close' }, body: '' };
  }

  #openStream(api: XApi, request: RawRequest, response: ServerResponse | undefined): RawReply | undefined {
    if (!api.isApp(request)) return problem(401, 'Unauthorized', 'Unauthorized');
    if (api.rules.length === 0) {
      const detail = 'No rules are configured for this stream.';
      return problem(409, 'ConnectionException', detail, { type: 'rule-configuration-issue' });
    }
    this.#isFull ||= this.#takeFault('too-many-connections') || this.#streams.size > 0;
    if (this.#isFull) {
      const detail = 'This stream is currently at the maximum allowed connection limit.';
      const more = { type: 'streaming-connection', issue: 'TooManyConnections', headers: api.limits(49) };
      return problem(429, 'ConnectionException', detail, more);
    }
    if (response !== undefined) this.#streams.open(response);
    return undefined;
  }

  #asShown(post: PlayedPost, readerId: string): SimulatedMessage {
    const { author, answers, isDeleted } = post;
    const parent = answers === undefined ? undefined : this.posts.get(answers)?.author;
    // What continues one's own thread is to nobody else.
    const answered = parent === author ? undefined : parent?.username;
    return {
      id: post.id,
      direction: author.id === readerId ? 'out' : 'in',
      subject: answered === undefined ? `@${author.username}` : `@${author.username} → @${answered}`,
      text: isDeleted ? '' : post.text,
      at: post.at.toISOString(),
      state: isDeleted ? 'deleted' : 'sent',
    };
  }

  /** What the account posted, oldest first: the count that fault tests compare with the store. */
  #ledger(): object[] {
    const own = this.posts.visible().filter(({ author }) => author === this.posts.account);
    return own.toReversed().map(({ id, text, answers = null }) => ({ id, text, to: answers }));
  }

  #takeFault(id: string): boolean {
    const left = this.#faults.get(id) ?? 0;
    if (left > 0) this.#faults.set(id, left - 1);
    if (left === 1) this.#faults.delete(id);
    return left > 0;
  }

  #silence(): Promise<RawReply> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#silences.delete(end);
        resolve(problem(504, 'Gateway Timeout', 'Gateway Timeout'));
      };
      const timer = setTimeout(end, SILENCE_MS);
      this.#silences.add(end);
    });
  }
}

/** A channel that talks with the real X is not played. */
function playedChannel(channel: SimulatorContext['channels'][number]): PlayedChannel | undefined {
  const settings = twitterSettings.safeParse(channel.settings);
  if (!settings.success) return undefined;
  const { hostname, port } = new URL(settings.data.apiUrl);
  if (!/^(?:localhost|127(?:\.\d+){3})$/.test(hostname) || port === '') return undefined;
  const { channelId, label, address } = channel;
  return { channelId, label, address, settings: settings.data };
}
