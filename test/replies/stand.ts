/** The reply pipeline as it runs, on a real database, with the played SMS provider behind real HTTP. */
import { uuidv7 } from 'uuidv7';
import { sms } from '../../adapters/sms/index.js';
import { SmsSimulator } from '../../adapters/sms/simulator.js';
import { createVault } from '../../src/cases/vault.js';
import type { ChannelAdapter, RawReply, RawRequest } from '../../src/core/channel.js';
import { contactKey, deriveKeys } from '../../src/core/keys.js';
import type { Database } from '../../src/db/database.js';
import { createRegistry } from '../../src/ops/metrics.js';
import type { ReadBlob } from '../../src/replies/claim.js';
import { insertOutbox, type OutboxFile, type OutboxPurpose } from '../../src/replies/outbox.js';
import { createReplyMetrics } from '../../src/replies/reply-metrics.js';
import {
  createReplyService,
  type ReplyService,
  type ReplyServiceConfig,
} from '../../src/replies/send-replies.js';
import { collectingLogger } from '../queue/support.js';
import { createTestDatabase } from '../support/postgres.js';
import { serve, type Stand } from '../support/stand.js';

export const CHANNEL = 'sms-1708';
export const OTHER = 'sms-0811';
export const KEYS = deriveKeys(Buffer.alloc(32, 9));
const vault = createVault(KEYS);
export const never = new AbortController().signal;

export interface TestClock {
  now(): Date;
  /** The time goes on from there. */
  ahead(ms: number): void;
}

export function testClock(): TestClock {
  let offset = 0;
  return { now: () => new Date(Date.now() + offset), ahead: (ms) => void (offset += ms) };
}

export const settings = (url: string) => ({
  provider: 'twilio',
  twilio: { accountSid: `AC${'1'.repeat(32)}`, authToken: '2'.repeat(32), apiUrl: `${url}/twilio` },
});

export function smsAdapter(url: string, channelId: string, clock = testClock()): ChannelAdapter {
  return sms.create(sms.settings.parse(settings(url)), {
    channelId,
    address: '08114706999',
    publicUrl: 'https://tabea.example',
    replyCostIdr: 0,
    sign: () => 'f'.repeat(20),
    logger: collectingLogger(),
    clock,
  });
}

export interface Provider extends Stand {
  readonly simulator: SmsSimulator;
  /** Replies that it took for a recipient. */
  took(to: string): number;
}

/** `between` stands before the provider: it may change, delay or swallow what is said. */
export async function playProvider(
  between?: (request: RawRequest, handle: () => Promise<RawReply>) => Promise<RawReply | undefined>,
  gatewayUrl = 'http://127.0.0.1:1',
): Promise<Provider> {
  const simulator = new SmsSimulator({
    channels: [
      { channelId: CHANNEL, label: 'SMS', address: '08114706999', settings: settings('http://127.0.0.1:1') },
    ],
    gatewayUrl,
    publicUrl: 'https://tabea.example',
    clock: { now: () => new Date() },
    logger: collectingLogger(),
  });
  const stand = await serve((request) => {
    const handle = () => simulator.handle(request);
    return between ? between(request, handle) : handle();
  });
  return {
    ...stand,
    simulator,
    took: (to) => simulator.accepted().get(to) ?? 0,
    close: async () => {
      await simulator.close();
      await stand.close();
    },
  };
}

export interface OutboxRow {
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
  readonly external_id: string | null;
  readonly error: string | null;
  readonly due_at: Date;
  readonly attempt_at: Date;
}

export interface ReplyStand {
  readonly url: string;
  readonly database: Database;
  readonly service: ReplyService;
  readonly clock: TestClock;
  readonly logger: ReturnType<typeof collectingLogger>;
  /** Another process as good as: the same database, another service. */
  another(adapters?: Readonly<Record<string, ChannelAdapter>>): ReplyService;
  row(id: string): Promise<OutboxRow>;
  drop(): Promise<void>;
}

export async function openReplyStand(
  adapters: Readonly<Record<string, ChannelAdapter>>,
  clock: TestClock = testClock(),
  config: ReplyServiceConfig = {},
): Promise<ReplyStand> {
  const test = await createTestDatabase();
  const logger = collectingLogger();
  const services: ReplyService[] = [];
  const make = (given: Readonly<Record<string, ChannelAdapter>>) => {
    const service = makeService(test.database, given, clock, config, logger);
    services.push(service);
    return service;
  };
  return {
    url: test.url,
    database: test.database,
    clock,
    logger,
    service: make(adapters),
    another: (given = adapters) => make(given),
    row: async (id) => {
      const { rows } = await test.database.pool.query<OutboxRow>('SELECT * FROM outbox WHERE id = $1', [id]);
      const [row] = rows;
      if (!row) throw new Error('no such reply');
      return row;
    },
    drop: async () => {
      for (const service of services) service.close();
      await test.drop();
    },
  };
}

export function makeService(
  database: Database,
  adapters: Readonly<Record<string, ChannelAdapter>>,
  clock: TestClock,
  config: ReplyServiceConfig = {},
  logger = collectingLogger(),
  readBlob?: ReadBlob,
): ReplyService {
  return createReplyService({
    database,
    vault,
    adapters: new Map(Object.entries(adapters)),
    clock,
    logger,
    metrics: createReplyMetrics(createRegistry({ processFigures: false })),
    config,
    ...(readBlob === undefined ? {} : { readBlob }),
  });
}

export interface Draft {
  readonly to: string;
  readonly text?: string;
  readonly purpose?: OutboxPurpose;
  readonly channelId?: string;
  readonly files?: readonly OutboxFile[];
}

/** Puts replies into the outbox, with contacts as the case store makes them. */
export async function putReplies(database: Database, drafts: readonly Draft[]): Promise<string[]> {
  const at = new Date();
  for (const { to } of drafts) {
    const address = { scheme: 'tel', value: to };
    const key = vault.createKey(uuidv7());
    const index = contactKey(KEYS, address);
    await database.pool.query(
      `WITH r AS (INSERT INTO reporter (id, wrapped_key, created_at) VALUES ($1, $2, $5) RETURNING id)
       INSERT INTO contact (key, reporter_id, scheme, address, created_at)
       SELECT $3, id, 'tel', $4, $5 FROM r ON CONFLICT DO NOTHING`,
      [key.reporterId, key.wrapped, index, vault.sealAddress(key, index, address), at],
    );
  }
  const entries = await insertOutbox(
    database.pool,
    drafts.map(
      ({
        to,
        text = 'Laporan Anda kami terima.',
        purpose = 'received',
        channelId = CHANNEL,
        files = [],
      }) => ({
        caseId: null,
        channelId,
        contactKey: contactKey(KEYS, { scheme: 'tel', value: to }),
        purpose,
        automated: true,
        subject: null,
        text,
        inReplyTo: null,
        files,
        at,
      }),
    ),
  );
  return entries.map((entry) => entry.id);
}

export async function optOut(database: Database, to: string): Promise<void> {
  const key = contactKey(KEYS, { scheme: 'tel', value: to });
  await database.pool.query('UPDATE contact SET opted_out_at = now() WHERE key = $1', [key]);
}

/** A citizen's number that no test has used. */
let citizens = 0;
export function someone(): string {
  citizens += 1;
  return `+62812000${String(citizens).padStart(5, '0')}`;
}
