/** Whether X still knows us: both tokens, the rules of the stream, the money. */
import { ChannelError } from '../../src/core/channel-error.js';
import type { ChannelHealth } from '../../src/core/channel.js';
import type { Account } from './account.js';
import type { Budget } from './budget.js';
import type { XClient } from './client.js';
import { ensureRules } from './rules.js';

/** Reading one's own user is charged, once a day; asked more often it would tell no more. */
const TOKEN_HOLDS_MS = 6 * 3_600_000;

export interface ProbeParts {
  readonly client: XClient;
  readonly account: Account;
  readonly budget: Budget;
  readonly mode: 'stream' | 'poll';
  readonly query: string;
  readonly tag: string;
}

export class Probe {
  readonly #parts: ProbeParts;
  #tokenSeenAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  async ask(signal: AbortSignal): Promise<ChannelHealth> {
    const { client, account, budget, mode, query, tag } = this.#parts;
    try {
      // Rules that somebody removed are put back here too: between two connections nobody else would notice.
      if (mode === 'stream') await ensureRules(client, { query, tag }, signal);
      if (performance.now() - this.#tokenSeenAt > TOKEN_HOLDS_MS) {
        await account.ask(signal);
        this.#tokenSeenAt = performance.now();
      }
    } catch (error) {
      return trouble(error);
    }
    await budget.refresh(signal);
    const words = budget.words();
    if (budget.forbids(['']))
      return { state: 'degraded', detail: `The budget for replies on X is spent: ${words}` };
    return { state: 'ok', detail: `X knows both tokens; ${words}` };
  }
}

function trouble(error: unknown): ChannelHealth {
  if (!(error instanceof ChannelError)) return { state: 'degraded', detail: 'X could not be asked' };
  if (error.code !== 'config') return { state: 'degraded', detail: error.message };
  return {
    state: 'down',
    detail: `${error.message}; docs/x.md says where tokens and access level are found`,
  };
}
