/** What the rest of Tabea knows of the queue. Jobs carry ids only; the queue may be wiped at any moment. */

/** Ids of rows that want work: inbox ids for `ingest`, outbox ids for `reply.<channel>`, message ids for `media`. */
export interface IdsJob {
  readonly ids: readonly string[];
}

export type QueueName = 'ingest' | 'media' | 'clock' | `reply.${string}`;

export interface WorkerOptions {
  readonly concurrency: number;
  /** At most `max` jobs in `durationMs`, over all processes. */
  readonly limiter?: { readonly max: number; readonly durationMs: number };
}

/** `signal` aborts when the worker is told to stop and its patience is over. */
export type JobHandler = (job: IdsJob, signal: AbortSignal) => Promise<void>;

export interface RunningWorker {
  readonly queue: QueueName;
  /** False when the heartbeat job of this queue is overdue: connected or not, it does not work. */
  healthy(): boolean;
  /** Takes no further job (a breaker is open); those under way end. */
  pause(): Promise<void>;
  resume(): void;
  /** Waits for jobs under way, at most `withinMs`. */
  close(withinMs: number): Promise<void>;
}

export interface QueueHealth {
  readonly state: 'ok' | 'down';
  readonly detail: string;
}

export interface QueueSystem {
  readonly backend: 'redis' | 'postgres';
  /**
   * Best effort and quick: true where the queue took it, false where it could not (the sweeper finds the
   * rows). Never throws, never waits for a dead broker longer than a second.
   */
  enqueue(queue: QueueName, jobs: readonly IdsJob[]): Promise<boolean>;
  startWorker(queue: QueueName, handler: JobHandler, options: WorkerOptions): RunningWorker;
  /** Jobs waiting or active, for metrics and tests. */
  depth(queue: QueueName): Promise<number>;
  health(): Promise<QueueHealth>;
  close(): Promise<void>;
}
