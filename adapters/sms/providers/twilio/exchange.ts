import type { Dispatcher } from 'undici';
import type { TwilioAnswer } from './errors.js';

/**
 * One request and its whole answer, straight from undici's dispatcher: the streams and the signal that
 * `pool.request` makes for each request are not needed for a short JSON answer.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<TwilioAnswer>;
  #resolve!: (answer: TwilioAnswer) => void;
  #reject!: (cause: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #gaveUp: Error | undefined;
  #status = 0;
  #headers: TwilioAnswer['headers'] = {};
  #chunks: Buffer[] = [];

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Wherever it is: a request that waits for a connection is then never written. */
  giveUp(): void {
    if (this.#gaveUp) return;
    this.#gaveUp = new DOMException('The exchange was given up', 'AbortError');
    this.#reject(this.#gaveUp);
    this.#controller?.abort(this.#gaveUp);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#gaveUp) controller.abort(this.#gaveUp);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: TwilioAnswer['headers'],
  ): void {
    // Of a 1xx nothing is of use: the answer comes after it.
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first, ...more] = this.#chunks;
    const bytes = first === undefined ? '' : more.length === 0 ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body: bytes.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#reject(cause);
  }
}
