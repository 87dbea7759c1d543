/** What the case store is handed: nothing here is reached for at import. */
import type { Messages } from '../../config/messages.js';
import type { MoveTable } from '../core/case-life.js';
import type { Clock, Logger } from '../core/channel.js';
import type { Keys } from '../core/keys.js';
import type { ThreadingTimes } from '../core/threading.js';
import type { WorkCalendar } from '../core/working-time.js';
import type { Database } from '../db/database.js';
import type { QueueSystem } from '../queue/queue-system.js';
import type { ServedChannel } from '../replies/reply-channel.js';
import type { Vault } from './vault.js';

/** Against floods and mail loops, counted per sender. */
export interface CaseLimits {
  /** Commands that are answered; the others are stored and stay without an answer. */
  readonly commandsPerHour: number;
  /** New cases that are acknowledged; 0 where acknowledgements are switched off. */
  readonly acknowledgementsPerDay: number;
  /** The same of senders whom the channel cannot vouch for. */
  readonly unprovenAcknowledgementsPerDay: number;
  /** Messages; beyond them cases are flagged `flood` and nothing is acknowledged. */
  readonly messagesPerHour: number;
  /** Attempts after which a message that cannot be taken in is put before a person. */
  readonly ingestAttempts: number;
}

/** The configured rules of the procedure. */
export interface CaseRules {
  readonly moves: MoveTable;
  readonly threading: ThreadingTimes;
  readonly calendar: WorkCalendar;
  /** Working days that are promised for the whole. */
  readonly promisedDays: number;
  readonly limits: CaseLimits;
  /** Days within which a reporter may object. */
  readonly objectionDays: number;
  readonly channelIds: ReadonlySet<string>;
  /** The number to call in an emergency, and whether a text tells of one. */
  readonly emergencyNumber: string;
  isEmergency(text: string): boolean;
  /** Name of an OPD as citizens read it; undefined for an id that is none. */
  opdName(id: string): string | undefined;
}

export interface CaseServices {
  readonly database: Database;
  readonly queue: Pick<QueueSystem, 'enqueue'>;
  /** The channels that are served, by id: how answers leave by them. */
  readonly channels: ReadonlyMap<string, ServedChannel>;
  readonly keys: Keys;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rules: CaseRules;
  /** What citizens read. */
  readonly texts: Pick<Messages, 'format' | 'label'>;
  /** A candidate for a new tracking number; injectable for tests. */
  readonly makeNumber: () => string;
}
