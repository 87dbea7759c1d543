import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ChannelAdapter,
  ChannelKind,
  Logger,
  OutboundMessage,
  RawRequest,
  SimulatorPart,
} from '../../src/core/channel.js';
import { serve, type Stand } from '../support/stand.js';
import type { ChannelSample } from './sample.js';

const CHANNEL_ID = 'channel-under-test';
const PUBLIC_URL = 'https://tabea.example';

/** One channel of a kind, its played provider over real HTTP, and a gateway that only writes down. */
export interface Bench {
  readonly adapter: ChannelAdapter;
  readonly simulator: SimulatorPart | undefined;
  /** Where the provider is served; closing it makes it unreachable. */
  readonly provider: Stand;
  /** Everything that was logged, as text. */
  logged(): string;
  /** Values that must never be logged or told. */
  readonly secrets: readonly string[];
  /** Requests to the webhook (or to `/status`), as soon as there are `count`. */
  webhooks(count: number, status?: boolean): Promise<readonly RawRequest[]>;
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
  const provider = await serve((request) => simulator?.handle(request));
  const secrets: string[] = [];
  const secret = (bytes: number) => {
    const made = randomBytes(bytes).toString('hex');
    secrets.push(made);
    return made;
  };
  const settings = sample.settings(kind.simulator?.demoEnvironment(provider.url, secret, () => 2525) ?? {});
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
    outbound: (over) => ({
      id: 'outbox-1',
      channelId: CHANNEL_ID,
      to: sample.citizen.address,
      subject: 'Laporan Anda',
      text: 'Laporan Anda kami teruskan kepada dinas.',
      automated: false,
      attempt: 1,
      ...over,
    }),
    async write(text) {
      await simulator?.write({ channelId: CHANNEL_ID, from: sample.citizen.from, text });
    },
    async close() {
      await adapter.close?.();
      await simulator?.close();
      await provider.close();
      await gateway.close();
    },
  };
}
