import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Logger } from '../../../../src/core/channel.js';
import type { SimulatorContext } from '../../../../src/core/simulator.js';
import { signMetaBody } from '../signature.js';

/** Meta tries at once, then for 36 hours; a played one has less patience. */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000];
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * JSON as Meta writes it: nothing but ASCII, `/` escaped too. The signature is over these bytes.
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
 */
export function metaJson(payload: unknown): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(payload)
    .replaceAll('/', '\\/')
    .replace(/[^\x20-\x7e]/g, escaped);
}

/** Dials the gateway as Meta does: signed over the bytes, tried again when it fails. */
export class MetaWebhooks {
  readonly #agent = new Agent({
    connections: 32,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
  readonly #stop = new AbortController();
  readonly #gatewayUrl: string;
  readonly #logger: Logger;

  constructor(context: Pick<SimulatorContext, 'gatewayUrl' | 'logger'>) {
    // Every request and pause under way listens to it, and lets go of it at its end.
    setMaxListeners(0, this.#stop.signal);
    this.#gatewayUrl = context.gatewayUrl;
    this.#logger = context.logger;
  }

  /** Resolves with whether the first attempt was taken; more follow if not. */
  async post(path: string, appSecret: string, payload: unknown): Promise<boolean> {
    const body = Buffer.from(metaJson(payload), 'latin1');
    const headers = {
      'content-type': 'application/json',
      'x-hub-signature-256': signMetaBody(appSecret, body),
      'user-agent': 'facebookexternalua',
    };
    const attempt = () => this.#attempt(path, headers, body);
    const first = await attempt();
    if (first === 'try again') void this.#tryAgain(attempt);
    return first === 'taken';
  }

  /** Waits; rejects where the simulator closes. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal, ref: false });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#agent.destroy();
  }

  async #tryAgain(attempt: () => Promise<string>): Promise<void> {
    for (const delay of RETRY_DELAYS_MS) {
      const stopped = await this.pause(delay).then(
        () => false,
        () => true,
      );
      if (stopped || (await attempt()) !== 'try again') return;
    }
  }

  async #attempt(path: string, headers: Readonly<Record<string, string>>, body: Buffer) {
    try {
      const answer = await request(this.#gatewayUrl + path, {
        method: 'POST',
        headers,
        body,
        dispatcher: this.#agent,
        signal: this.#stop.signal,
      });
      await answer.body.dump();
      if (answer.statusCode < 300) return 'taken';
      this.#logger.debug({ status: answer.statusCode }, 'simulated webhook was not taken');
      // Meta repeats whatever was not answered with 200, a refusal too.
      return answer.statusCode === 403 ? 'refused' : 'try again';
    } catch {
      return 'try again';
    }
  }
}
