/** What differs between the two backends of BullMQ; everything above is common. */
import type { Processor, Queue, WorkerOptions as BullWorkerOptions } from 'bullmq';
import type { IdsJob, QueueName } from './queue-system.js';

/** What BullMQ's queue is used for here, whichever backend it was made with. */
export type JobQueue = Pick<Queue<IdsJob>, 'addBulk' | 'add' | 'getJobCounts' | 'close'>;

/** And its worker. */
export interface JobWorker {
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export type JobProcessor = Processor<IdsJob, void>;

/** Options of a worker that do not depend on the backend. */
export type CommonWorkerOptions = Omit<BullWorkerOptions, 'connection' | 'prefix'>;

export interface OpenWorker {
  readonly worker: JobWorker;
  /** Cuts this worker off, where a close waits in vain for a dead broker or a job that does not end. */
  sever(): void;
}

export interface Broker {
  readonly backend: 'redis' | 'postgres';
  /** `starting` until the first connection was made or refused. */
  state(): 'starting' | 'up' | 'down';
  /** Resolves when the state has left `starting`. */
  settled(): Promise<void>;
  /** Resolves when a worker can be opened; waits for as long as the broker is away. */
  reachable(): Promise<void>;
  openQueue(name: QueueName): Promise<JobQueue>;
  /** `onError` hears of every failure between the worker and the broker, which the broker itself logs. */
  openWorker(
    name: QueueName,
    processor: JobProcessor,
    options: CommonWorkerOptions,
    onError: () => void,
  ): OpenWorker;
  /** Throws where the broker does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface BrokerTuning {
  /** A connection that has been waiting for an answer for so long is made anew. Default 30 s. */
  readonly silenceMs?: number;
  /** Longest wait of a producer for one command. Default 1 s. */
  readonly commandMs?: number;
}

export const RECONNECT_LONGEST_MS = 1_000;

/** BullMQ stops the timer that renews locks only at the end of a close; one that hangs would keep the process. */
export function stopRenewing(worker: object): void {
  const manager: unknown = Reflect.get(worker, 'lockManager');
  if (typeof manager !== 'object' || manager === null) return;
  const close: unknown = Reflect.get(manager, 'close');
  if (typeof close === 'function') Reflect.apply(close, manager, []);
}
