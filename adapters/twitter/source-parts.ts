import type { Clock, Logger } from '../../src/core/channel.js';
import type { Account } from './account.js';
import type { Budget } from './budget.js';
import type { XClient } from './client.js';

/** What the sources of a channel share. */
export interface SourceParts {
  readonly channelId: string;
  readonly client: XClient;
  readonly account: Account;
  readonly budget: Pick<Budget, 'read'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Hours between two checks for deleted posts; 0: none. */
  readonly deletedHours: number;
}
