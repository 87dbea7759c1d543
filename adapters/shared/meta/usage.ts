/**
 * Throttles before Meta does. The headers say how much of an hour's allowance is used, in percent.
 * https://developers.facebook.com/docs/graph-api/overview/rate-limiting#headers
 */
import { ChannelError } from '../../../src/core/channel-error.js';
import type { Clock } from '../../../src/core/channel.js';
import { clampWait } from './errors.js';
import { isObject, numberIn } from './payload.js';

const HEADERS = ['x-app-usage', 'x-page-usage', 'x-business-use-case-usage'] as const;
const FIGURES = ['call_count', 'total_time', 'total_cputime'] as const;

/** Above it what can wait does wait: polls, backfills, probes. */
const SPARE_PERCENT = 80;
/** Above it replies wait too: at 100 Meta refuses, for up to an hour. */
const FULL_PERCENT = 95;
/** Usage falls off within the hour; asked again so soon. */
const PAUSE_MS = 60_000;

/** `reply`: a citizen waits for it. `background`: nobody does. */
export type Urgency = 'reply' | 'background';

export interface Usage {
  /** The highest of all figures. */
  readonly percent: number;
  /** Milliseconds until Meta answers again; 0 where it does. */
  readonly regainMs: number;
}

export class UsageGate {
  readonly #clock: Clock;
  readonly #quietUntil: Record<Urgency, number> = { reply: 0, background: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes what an answer says. @returns milliseconds that it asks to wait, where it does. */
  note(headers: { get(name: string): string | null }): number | undefined {
    const usage = readUsage(headers);
    if (usage === undefined) return undefined;
    const now = this.#clock.now().getTime();
    const waitMs = usage.regainMs > 0 ? clampWait(usage.regainMs) : PAUSE_MS;
    const isFull = usage.percent >= FULL_PERCENT || usage.regainMs > 0;
    this.#quietUntil.reply = isFull ? now + waitMs : 0;
    this.#quietUntil.background = isFull || usage.percent >= SPARE_PERCENT ? now + waitMs : 0;
    return isFull ? waitMs : undefined;
  }

  /** Throws ChannelError `throttled` where a call would use up what is left. */
  demand(urgency: Urgency): void {
    const leftMs = this.#quietUntil[urgency] - this.#clock.now().getTime();
    // A clock that was set back must not keep us quiet for longer than we meant.
    if (leftMs <= 0) return;
    throw new ChannelError('throttled', "Meta's limit is nearly used up: waiting before it is reached", {
      retry: { afterMs: clampWait(leftMs) },
      providerCode: 'usage',
    });
  }
}

/** Undefined where no header speaks of it. */
export function readUsage(headers: { get(name: string): string | null }): Usage | undefined {
  const figures = HEADERS.flatMap((name) => usagesIn(headers.get(name)));
  if (figures.length === 0) return undefined;
  return {
    percent: Math.max(...figures.flatMap((one) => FIGURES.map((name) => numberIn(one, name) ?? 0))),
    // Minutes.
    regainMs:
      60_000 * Math.max(...figures.map((one) => numberIn(one, 'estimated_time_to_regain_access') ?? 0)),
  };
}

/** One object, or for business use cases lists of them by business id. */
function usagesIn(header: string | null): readonly unknown[] {
  if (header === null) return [];
  try {
    const parsed: unknown = JSON.parse(header);
    if (!isObject(parsed)) return [];
    const lists = Object.values(parsed).filter((one) => Array.isArray(one));
    return lists.length > 0 ? lists.flat() : [parsed];
  } catch {
    return [];
  }
}
