/** A case store on a real database, with the city's real configuration, a clock that is set and a queue that is read. */
import { randomBytes } from 'node:crypto';
import type { QueryResultRow } from 'pg';
import { uuidv7 } from 'uuidv7';
import { readEnv } from '../../config/env.js';
import { loadConfig } from '../../config/load.js';
import { caseRules } from '../../src/cases/rules.js';
import type { CaseServices } from '../../src/cases/services.js';
import { createVault } from '../../src/cases/vault.js';
import { contactKey, deriveKeys } from '../../src/core/keys.js';
import { eventKey, type Address, type InboundEvent, type InboundMessage } from '../../src/core/message.js';
import { makeTrackingNumber } from '../../src/core/tracking-number.js';
import type { IdsJob, QueueName } from '../../src/queue/queue-system.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';

export const config = loadConfig({ env: readEnv({}) });
export const START = new Date('2026-11-23T01:00:00Z');

export interface CaseStore {
  readonly services: CaseServices;
  readonly db: TestDatabase;
  /** Jobs that were enqueued, in order. */
  readonly jobs: { readonly queue: QueueName; readonly ids: readonly string[] }[];
  /** Log lines as they would be printed. */
  readonly log: string[];
  now: Date;
  /** Puts events into the inbox, as the intake does. */
  arrive(...events: readonly InboundEvent[]): Promise<string[]>;
  rows<T = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  drop(): Promise<void>;
}

export async function openCaseStore(overrides: Partial<CaseServices> = {}): Promise<CaseStore> {
  const db = await createTestDatabase();
  const keys = deriveKeys(randomBytes(32));
  const log: string[] = [];
  const write = (fields: object, message: string) => void log.push(`${message} ${JSON.stringify(fields)}`);
  const jobs: { queue: QueueName; ids: readonly string[] }[] = [];
  const store: CaseStore = {
    now: START,
    db,
    jobs,
    log,
    services: {
      database: db.database,
      queue: {
        enqueue: async (queue: QueueName, given: readonly IdsJob[]) => {
          jobs.push(...given.map(({ ids }) => ({ queue, ids })));
          return await Promise.resolve(true);
        },
      },
      channels: new Map(
        config.channels.map(({ id, entry, repliesPerSecond }) => [
          id,
          {
            id,
            repliesPerSecond,
            sends: entry === 'provider',
            maxAttachmentBytes: id === 'email' ? 10_000_000 : 0,
          },
        ]),
      ),
      keys,
      vault: createVault(keys),
      clock: { now: () => store.now },
      logger: { debug: write, info: write, warn: write, error: write },
      rules: caseRules(config),
      texts: config.messages.id,
      makeNumber: makeTrackingNumber,
      ...overrides,
    },
    arrive: async (...events) => {
      const ids: string[] = [];
      for (const event of events) {
        const id = uuidv7();
        const from = event.type === 'delivery' ? null : event.from;
        const at = event.type === 'delivery' ? event.at : event.receivedAt;
        const { rowCount } = await db.database.pool.query(
          `INSERT INTO inbox (id, channel_id, event_key, contact_key, envelope_id, payload, received_at)
           VALUES ($1, $2, $3, $4, $1, $5, $6) ON CONFLICT DO NOTHING`,
          [id, event.channelId, eventKey(event), from && contactKey(keys, from), JSON.stringify(event), at],
        );
        if (rowCount === 1) ids.push(id);
      }
      return ids;
    },
    rows: async <T>(sql: string, values: readonly unknown[] = []) => {
      const { rows } = await db.database.pool.query<QueryResultRow & T>(sql, [...values]);
      return rows;
    },
    drop: () => db.drop(),
  };
  await db.database.pool.query(
    'INSERT INTO opd (id, name, short_name) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])',
    [config.opds.map((o) => o.id), config.opds.map((o) => o.name), config.opds.map((o) => o.shortName)],
  );
  return store;
}

export const ANI: Address = { scheme: 'tel', value: '+6281200000001' };
export const BUDI: Address = { scheme: 'tel', value: '+6281200000002' };

let counter = 0;

/** A message by SMS; `at` minutes after the start. */
export function sms(from: Address, text: string, at = 0, more: Partial<InboundMessage> = {}): InboundMessage {
  counter += 1;
  return {
    type: 'message',
    channelId: 'sms-1708',
    externalId: `SM${counter}`,
    from,
    text,
    attachments: [],
    automated: false,
    receivedAt: new Date(START.getTime() + at * 60_000).toISOString(),
    ...more,
  };
}
