/** Reads mails in threads of their own, each under a limit of time and memory. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { UnparsableError, type Logger } from '../../../src/core/channel.js';
import type { MailLimits } from './limits.js';
import type { ReadJob, WorkerAnswer } from './mail-worker.js';
import type { ReadMail } from './read-mail.js';

export interface MailReaderOptions {
  readonly limits: MailLimits;
  /** For one mail; then its thread is ended and another one begins. */
  readonly timeLimitMs: number;
  /** Heap of one thread. Bytes of attachments lie outside: the limits bound those. */
  readonly maxHeapMb: number;
  /** Threads at once, so that a slow mail of one mailbox is not waited for by the others. */
  readonly threads: number;
  readonly logger: Logger;
  /** Another entry for the threads; tests have a hostile one. */
  readonly script?: URL;
}

/** Ends as this file does: `.js` in a build, `.ts` where a loader runs the sources. */
const SCRIPT = new URL(`./worker-main${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
/** Until a new thread listens. What is slow then is the machine, not a mail. */
const START_LIMIT_MS = 30_000;

interface Task {
  readonly job: ReadJob;
  /** The copy that goes to the thread, and its size: once it is gone it has none. */
  readonly copy: ArrayBuffer;
  readonly bytes: number;
  readonly resolve: (mail: ReadMail) => void;
  readonly reject: (error: Error) => void;
}

export class MailReader {
  readonly #options: MailReaderOptions;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Task[] = [];
  #isClosed = false;

  constructor(options: MailReaderOptions) {
    this.#options = options;
  }

  /** Throws UnparsableError where the mail breaks a limit, Error where no thread can be had. */
  read(raw: Buffer, isNullEnvelope: boolean): Promise<ReadMail> {
    const { limits } = this.#options;
    if (this.#isClosed) return Promise.reject(new Error('the mail reader is closed'));
    if (raw.length > limits.maxMessageBytes) {
      return Promise.reject(new UnparsableError(`too_large: more than ${limits.maxMessageBytes} bytes`));
    }
    return new Promise((resolve, reject) => {
      // A copy: the caller keeps the raw mail, the thread is given its own.
      const copy = new ArrayBuffer(raw.length);
      const job: ReadJob = { raw: new Uint8Array(copy), isNullEnvelope, limits };
      job.raw.set(raw);
      this.#waiting.push({ job, copy, bytes: raw.length, resolve, reject });
      this.#advance();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const task of this.#waiting.splice(0)) task.reject(new Error('the mail reader was closed'));
    await Promise.all(
      [...this.#threads].map((thread) => thread.end(new Error('the mail reader was closed'))),
    );
  }

  #advance(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const thread = this.#idleThread();
      const task = thread && this.#waiting.shift();
      if (!thread || !task) return;
      thread.run(task);
    }
  }

  #idleThread(): Thread | undefined {
    for (const thread of this.#threads) if (!thread.isBusy) return thread;
    if (this.#threads.size >= this.#options.threads) return undefined;
    const thread = new Thread(this.#options, {
      idle: () => this.#advance(),
      gone: () => {
        this.#threads.delete(thread);
        this.#advance();
      },
    });
    this.#threads.add(thread);
    return thread;
  }
}

class Thread {
  readonly #options: MailReaderOptions;
  readonly #on: { readonly idle: () => void; readonly gone: () => void };
  readonly #worker: Worker;
  #task: Task | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isReady = false;
  #isGone = false;

  constructor(options: MailReaderOptions, on: { readonly idle: () => void; readonly gone: () => void }) {
    this.#options = options;
    this.#on = on;
    this.#worker = new Worker(options.script ?? SCRIPT, {
      name: 'mail',
      resourceLimits: { maxOldGenerationSizeMb: options.maxHeapMb, maxYoungGenerationSizeMb: 32 },
    });
    this.#worker.on('message', (answer: WorkerAnswer) => this.#heard(answer));
    this.#worker.on('error', (error: Error & { code?: unknown }) => {
      void this.end(this.#verdictOn(error.code === 'ERR_WORKER_OUT_OF_MEMORY'));
    });
    this.#worker.on('exit', () => void this.end(this.#verdictOn(false)));
    // A thread without work keeps no process alive.
    this.#worker.unref();
  }

  get isBusy(): boolean {
    return this.#task !== undefined;
  }

  run(task: Task): void {
    this.#task = task;
    this.#worker.ref();
    this.#worker.postMessage(task.job, [task.copy]);
    this.#startTimer();
  }

  /** Its mail, where it has one, ends with the error. */
  async end(error: Error): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isGone) return;
    this.#isGone = true;
    const task = this.#task;
    this.#task = undefined;
    if (error instanceof UnparsableError && task) {
      const fields = { reason: error.message, bytes: task.bytes };
      this.#options.logger.warn(fields, 'A mail could not be read within its limits; its thread was ended');
    }
    task?.reject(error);
    this.#on.gone();
    await this.#worker.terminate();
  }

  #heard(answer: WorkerAnswer): void {
    if (answer.kind === 'ready') {
      this.#isReady = true;
      if (this.#task) this.#startTimer();
      return;
    }
    const task = this.#task;
    clearTimeout(this.#timer);
    this.#task = undefined;
    this.#worker.unref();
    if (answer.kind === 'read') task?.resolve(answer.mail);
    else task?.reject(new UnparsableError(answer.message));
    if (!this.#isGone) this.#on.idle();
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    const { timeLimitMs } = this.#options;
    this.#timer = this.#isReady
      ? setTimeout(
          () => void this.end(new UnparsableError(`too_slow: not read within ${timeLimitMs} ms`)),
          timeLimitMs,
        )
      : setTimeout(
          () => void this.end(new Error('the thread that reads mails does not start')),
          START_LIMIT_MS,
        );
  }

  /** A thread that dies before it listens was not killed by a mail. */
  #verdictOn(outOfMemory: boolean): Error {
    if (!this.#isReady) return new Error('the thread that reads mails cannot start');
    return new UnparsableError(
      outOfMemory
        ? `too_much_memory: more than ${this.#options.maxHeapMb} MB`
        : 'unreadable: its thread ended',
    );
  }
}
