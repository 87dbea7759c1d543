/** The way of a citizen's mail to the gateway: by SMTP to its reception, tried again as mail servers do. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import type { Logger } from '../../../src/core/channel.js';
import type { OutgoingMail } from './citizen-mails.js';

/** Real servers begin with minutes; a demo that has just started needs seconds. */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];
const TIMEOUT_MS = 15_000;

export class Deliveries {
  readonly #stop = new AbortController();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Resolves when the first attempt is over, with what became of it; `waits` is tried again, and `onEnd` is told
   * how that ended.
   */
  async deliver(
    receptionUrl: string,
    mail: OutgoingMail,
    onEnd: (taken: boolean) => void,
  ): Promise<'taken' | 'refused' | 'waits'> {
    const first = await this.#attempt(receptionUrl, mail);
    if (first === 'waits') void this.#tryAgain(receptionUrl, mail, onEnd);
    return first;
  }

  /** Waits; false where the simulator closes meanwhile. */
  async pause(ms: number): Promise<boolean> {
    return sleep(ms, true, { signal: this.#stop.signal, ref: false }).catch(() => false);
  }

  close(): void {
    this.#stop.abort();
  }

  async #tryAgain(receptionUrl: string, mail: OutgoingMail, onEnd: (taken: boolean) => void): Promise<void> {
    for (const delay of RETRY_DELAYS_MS) {
      if (!(await this.pause(delay))) return;
      const outcome = await this.#attempt(receptionUrl, mail);
      if (outcome !== 'waits') return onEnd(outcome === 'taken');
    }
    onEnd(false);
  }

  async #attempt(
    receptionUrl: string,
    { raw, from, to }: OutgoingMail,
  ): Promise<'taken' | 'refused' | 'waits'> {
    const { hostname, port } = new URL(receptionUrl);
    const transport = createTransport({
      host: hostname,
      port: Number(port),
      ignoreTLS: true,
      connectionTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
    });
    try {
      await transport.sendMail({ raw, envelope: { from, to }, signal: this.#stop.signal });
      return 'taken';
    } catch (error) {
      const code: unknown =
        typeof error === 'object' && error !== null ? Reflect.get(error, 'responseCode') : 0;
      const refused = typeof code === 'number' && code >= 500;
      this.#logger.debug({ code }, 'A simulated mail was not taken');
      return refused ? 'refused' : 'waits';
    }
  }
}
