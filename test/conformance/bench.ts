import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ChannelAdapter,
  Logger,
  OutboundMessage,
  PulledItem,
  RawRequest,
} from '../../src/core/channel.js';
import type { ChannelKind } from '../../src/core/channel-kind.js';
import type { SimulatorPart } from '../../src/core/simulator.js';
import { freePort } from '../../src/db/postgres-server.js';
import { serve, type Stand } from '../support/stand.js';
import type { ChannelSample } from './sample.js';

const CHANNEL_ID = 'channel-under-test';
const PUBLIC_URL = 'https://tabea.example';

/** One channel of a kind, its played provider over real HTTP, and a gateway that only writes down. */
export interface Bench {
  readonly adapter: ChannelAdapter;
  readonly simulator: SimulatorPart | undefined;
  /** Where the provider is served; closing it, with whatever else the simulator listens on, makes it unreachable. */
  readonly provider: Stand;
  /** Everything that was logged, as text. */
  logged(): string;
  /** Values that must never be logged or told. */
  readonly secrets: readonly string[];
  /** Requests to the webhook (or to `/status`), as soon as there are `count`. */
  webhooks(count: number, status?: boolean): Promise<readonly RawRequest[]>;
  /** What the sources handed over, as soon as there are `count` items. */
  pulled(count: number): Promise<readonly PulledItem[]>;
  /** What the sources stored as blobs, by SHA-256. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  putBlob(bytes: Buffer): Promise<string>;
  /** From now on, `accept` throws. Resolves with how each source ended. */
  loseStore(): Promise<readonly PromiseSettledResult<void>[]>;
  outbound(over?: Partial<OutboundMessage>): OutboundMessage;
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

export const channelId = CHANNEL_ID;

export async function setUp(kind: ChannelKind, sample: ChannelSample): Promise<Bench> {
  const lines: string[] = [];
  const note = (fields: object, message: string) => void lines.push(JSON.stringify(fields) + message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const clock = { now: () => new Date() };
  const gateway = await serve(() => ({ status: 200, headers: {}, body: '' }));

  let simulator: SimulatorPart | undefined;
  const served = await serve((request) => simulator?.handle(request));
  let away: Promise<void> | undefined;
  const provider: Stand = {
    ...served,
    close: () => (away ??= Promise.all([simulator?.close(), served.close()]).then(() => undefined)),
  };
  const ports = [await freePort(), await freePort(), await freePort()];
  const portByName = new Map<string, number>();
  const port = (name: string): number => {
    const taken = portByName.get(name) ?? ports[portByName.size] ?? 0;
    portByName.set(name, taken);
    return taken;
  };
  const secrets: string[] = [];
  const secret = (bytes: number) => {
    const made = randomBytes(bytes).toString('hex');
    secrets.push(made);
    return made;
  };
  const settings = sample.settings(kind.simulator?.demoEnvironment(served.url, secret, port) ?? {});
  const { address } = sample;
  simulator = kind.simulator?.create({
    channels: [{ channelId: CHANNEL_ID, label: 'Saluran uji', address, settings }],
    gatewayUrl: gateway.url,
    publicUrl: PUBLIC_URL,
    clock,
    logger,
  });
  const context = {
    channelId: CHANNEL_ID,
    address,
    publicUrl: PUBLIC_URL,
    replyCostIdr: 350,
    sign: () => 'f'.repeat(20),
    logger,
    clock,
  };
  const adapter = kind.create(kind.settings.parse(settings), context);
  await simulator?.start?.();

  const items: PulledItem[] = [];
  const blobs = new Map<string, Buffer>();
  const putBlob = (bytes: Buffer) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    blobs.set(hash, bytes);
    return Promise.resolve(hash);
  };
  let stored = true;
  const sink = {
    putBlob,
    accept: (taken: readonly PulledItem[]) => {
      if (!stored) return Promise.reject(new Error('the store is away'));
      items.push(...taken);
      return Promise.resolve();
    },
  };
  const stop = new AbortController();
  const runs = (adapter.pull?.sources ?? []).map((source) => source.run(sink, undefined, stop.signal));
  for (const run of runs) run.catch(() => undefined);

  return {
    adapter,
    simulator,
    provider,
    logged: () => lines.join('\n'),
    secrets,
    async webhooks(count, status = false) {
      const seen = () =>
        gateway.requests.filter((request) => /\/status(\?|$)/.test(request.target) === status);
      for (let i = 0; i < 250 && seen().length < count; i++) await sleep(20);
      return seen();
    },
    async pulled(count) {
      for (let i = 0; i < 250 && items.length < count; i++) await sleep(20);
      return items;
    },
    blobs,
    putBlob,
    loseStore() {
      stored = false;
      return Promise.allSettled(runs);
    },
    outbound: (over) => ({
      id: 'outbox-1',
      channelId: CHANNEL_ID,
      to: sample.citizen.address,
      subject: 'Laporan Anda',
      text: 'Laporan Anda kami teruskan kepada dinas.',
      automated: false,
      attempt: 1,
      ...sample.outbound,
      ...over,
    }),
    async write(text) {
      await simulator?.write({ channelId: CHANNEL_ID, from: sample.citizen.from, text });
    },
    async close() {
      stop.abort();
      await Promise.allSettled(runs);
      await adapter.close?.();
      await provider.close();
      await gateway.close();
    },
  };
}
