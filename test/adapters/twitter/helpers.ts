/** A channel, the played X over real HTTP, and a gateway that only writes down. */
import { setTimeout as sleep } from 'node:timers/promises';
import { XChannel } from '../../../adapters/twitter/index.js';
import { twitterSettings, type TwitterSettings } from '../../../adapters/twitter/settings.js';
import { TwitterSimulator } from '../../../adapters/twitter/simulator.js';
import { citizenNamed, type PlayedUser } from '../../../adapters/twitter/simulator/users.js';
import { STREAM_TIMING, type StreamTiming } from '../../../adapters/twitter/source-stream.js';
import type {
  AdapterContext,
  InboundSink,
  Logger,
  OutboundMessage,
  PulledItem,
  PullSource,
} from '../../../src/core/channel.js';
import type { InboundEvent } from '../../../src/core/message.js';
import { freePort } from '../../../src/db/postgres-server.js';

export const CHANNEL = 'twitter';
export const ACCOUNT_ID = '1500000000000000001';
export const HANDLE = '@tabea_ambon';
export const budi: PlayedUser = citizenNamed('budi_ambon');

const silent = (): void => undefined;
export const quietLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
export const never = (): AbortSignal => new AbortController().signal;

export function settingsAt(apiUrl: string, over: Record<string, unknown> = {}): TwitterSettings {
  return twitterSettings.parse({
    bearerToken: 'bearer-token',
    appKey: 'app-key',
    appSecret: 'app-secret',
    accessToken: `${ACCOUNT_ID}-access`,
    accessSecret: 'access-secret',
    apiUrl,
    mentionsSeconds: 0,
    ...over,
  });
}

export function contextOf(over: Partial<AdapterContext> = {}): AdapterContext {
  return {
    channelId: CHANNEL,
    address: '#laporpengaduan',
    publicUrl: 'https://tabea.example',
    replyCostIdr: 170,
    sign: () => 'f'.repeat(20),
    logger: quietLogger,
    clock: { now: () => new Date() },
    ...over,
  };
}

export interface World {
  readonly channel: XChannel;
  readonly x: TwitterSimulator;
  readonly url: string;
  source(name: string): PullSource;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly settings?: Record<string, unknown>;
  readonly context?: Partial<AdapterContext>;
  readonly timing?: Partial<StreamTiming>;
  readonly heartbeatMs?: number;
  readonly silentMs?: number;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const settings = settingsAt(url, options.settings);
  const context = contextOf(options.context);
  const x = new TwitterSimulator(
    {
      channels: [{ channelId: CHANNEL, label: 'X', address: context.address, settings }],
      gatewayUrl: 'http://127.0.0.1:1',
      publicUrl: context.publicUrl,
      clock: { now: () => new Date() },
      logger: quietLogger,
    },
    { heartbeatMs: options.heartbeatMs ?? 100, silentMs: options.silentMs ?? 600 },
  );
  await x.start();
  const channel = new XChannel(settings, context, { ...STREAM_TIMING, ...options.timing });
  return {
    channel,
    x,
    url,
    source(name) {
      const found = channel.pull.sources.find((one) => one.name === name);
      if (!found) throw new Error(`there is no source ${name}`);
      return found;
    },
    close: () => x.close(),
  };
}

export interface Running {
  readonly items: readonly PulledItem[];
  events(): readonly InboundEvent[];
  ids(): readonly string[];
  cursor(): unknown;
  /** Resolves as soon as there are so many events. */
  until(count: number, withinMs?: number): Promise<void>;
  /** Resolves with how the run ended. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** Runs a source until told otherwise. */
export function run(source: PullSource, cursor?: unknown): Running {
  const items: PulledItem[] = [];
  let saved: unknown;
  const sink: InboundSink = {
    putBlob: () => Promise.resolve(''),
    accept: (taken, next) => {
      items.push(...taken);
      if (next !== undefined) saved = structuredClone(next);
      return Promise.resolve();
    },
  };
  const stopping = new AbortController();
  const ended = source.run(sink, cursor, stopping.signal).then(
    () => 'ended',
    (error: unknown) => error,
  );
  const events = () => items.flatMap(({ parsed }) => parsed.events);
  return {
    items,
    events,
    ids: () => events().map((event) => event.externalId),
    cursor: () => saved,
    async until(count, withinMs = 5_000) {
      for (const end = Date.now() + withinMs; events().length < count; await sleep(10)) {
        if (Date.now() > end) throw new Error(`${events().length} events instead of ${count}`);
      }
    },
    ended,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

export async function until(isSo: () => boolean, withinMs = 5_000): Promise<void> {
  for (const end = Date.now() + withinMs; !isSo(); await sleep(10)) {
    if (Date.now() > end) throw new Error('not so in time');
  }
}

/** A reply to a post. */
export function replyTo(postId: string, over: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    id: 'outbox-1',
    channelId: CHANNEL,
    to: { scheme: 'x', value: budi.id },
    text: 'Laporan Anda kami teruskan kepada dinas.',
    thread: { conversationId: postId, references: [postId], addressed: true },
    automated: false,
    confidentiality: 'public',
    attempt: 1,
    ...over,
  };
}

/** Words of seven letters: 34 of them fill a post of a thread. */
export const longText = (posts: number): string =>
  Array.from({ length: posts * 34 }, (_, index) => `kata${String(index).padStart(3, '0')}`).join(' ');

export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
}
