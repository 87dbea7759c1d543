/** What the reply pipeline measures. Labels are channel ids and codes only. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface ReplyMetrics {
  /** `outcome`: the state that the attempt ended in (sent, pending, failed, unknown) or `released` unsent. */
  readonly attempts: Counter<'channel' | 'outcome'>;
  /** Seconds that the provider took. */
  readonly sendSeconds: Histogram<'channel'>;
  /** 0 closed, 1 probing, 2 open. */
  readonly breaker: Gauge<'channel'>;
  /** Replies that need a person: their fate could not be learnt from the provider. */
  readonly unresolved: Counter<'channel'>;
  readonly reconciled: Counter<'channel' | 'outcome'>;
  readonly batch: Histogram;
}

/** Declares the metrics; once a registry. */
export function createReplyMetrics(registry: Registry): ReplyMetrics {
  const registers = [registry];
  return {
    attempts: new Counter({
      name: 'tabea_reply_attempts_total',
      help: 'Attempts to send a reply, by how they ended',
      labelNames: ['channel', 'outcome'],
      registers,
    }),
    sendSeconds: new Histogram({
      name: 'tabea_reply_send_seconds',
      help: 'From handing a reply to the channel to its answer',
      labelNames: ['channel'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    breaker: new Gauge({
      name: 'tabea_reply_breaker',
      help: 'Whether sending on a channel is stopped: 0 no, 1 being tried, 2 yes',
      labelNames: ['channel'],
      registers,
    }),
    unresolved: new Counter({
      name: 'tabea_reply_unresolved_total',
      help: 'Replies whose fate the provider could not tell: for a person',
      labelNames: ['channel'],
      registers,
    }),
    reconciled: new Counter({
      name: 'tabea_reply_reconciled_total',
      help: 'Replies of unknown fate, by what the provider said',
      labelNames: ['channel', 'outcome'],
      registers,
    }),
    batch: new Histogram({
      name: 'tabea_reply_commit_results',
      help: 'Results that shared one commit',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      registers,
    }),
  };
}
