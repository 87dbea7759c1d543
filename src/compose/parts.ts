/** The parts of a running gateway, as its sides are given them. */
import type { Registry } from 'prom-client';
import type { CaseServices } from '../cases/services.js';
import type { ChannelAdapter, Clock } from '../core/channel.js';
import type { PinoLogger } from '../ops/log.js';
import type { QueueSystem } from '../queue/queue-system.js';
import type { ReplyService } from '../replies/send-replies.js';
import type { IntakeSide } from './intake-side.js';
import type { Settings } from './settings.js';
import type { Store } from './store.js';

export interface Parts {
  readonly settings: Settings;
  readonly store: Store;
  readonly queue: QueueSystem;
  readonly intake: IntakeSide;
  readonly services: CaseServices;
  readonly replies: ReplyService;
  /** By channel id. */
  readonly adapters: ReadonlyMap<string, ChannelAdapter>;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: PinoLogger;
}
