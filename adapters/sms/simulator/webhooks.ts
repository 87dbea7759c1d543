import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { stringify } from 'node:querystring';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Logger } from '../../../src/core/channel.js';
import type { SimulatorContext } from '../../../src/core/simulator.js';
import { signForm } from '../providers/twilio/signature.js';

/** As a webhook address with `#rc=5` would have it: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000];
const ANSWER_TIMEOUT_MS = 15_000;

/** Dials the gateway as Twilio does: signed for its public address, tried again when it fails. */
export class TwilioWebhooks {
  readonly #agent = new Agent({
    connections: 32,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  });
  readonly #stop = new AbortController();
  readonly #gatewayUrl: string;
  readonly #publicUrl: string;
  readonly #logger: Logger;

  constructor(context: SimulatorContext) {
    // Every request and pause under way listens to it, and lets go of it at its end.
    setMaxListeners(0, this.#stop.signal);
    this.#gatewayUrl = context.gatewayUrl;
    this.#publicUrl = context.publicUrl;
    this.#logger = context.logger;
    // One for each delivery under way: under load there are many, and no leak.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Posts to a path of the gateway. Resolves with whether the first attempt was taken; more follow if not. */
  async post(path: string, token: string, parameters: Readonly<Record<string, string>>): Promise<boolean> {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-twilio-signature': signForm(token, this.#publicUrl + path, parameters),
      'i-twilio-idempotency-token': randomUUID(),
      'user-agent': 'TwilioProxy/1.1',
    };
    const attempt = () => this.#attempt(path, headers, stringify(parameters));
    const first = await attempt();
    if (first === 'try again') void this.#tryAgain(attempt);
    return first === 'taken';
  }

  /** The path of a callback address, if that is the gateway's. Nobody else is dialled. */
  pathOf(callback: string): string | undefined {
    return callback.startsWith(`${this.#publicUrl}/`) ? callback.slice(this.#publicUrl.length) : undefined;
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

  async #attempt(path: string, headers: Readonly<Record<string, string>>, body: string) {
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
      return answer.statusCode >= 500 ? 'try again' : 'refused';
    } catch {
      return 'try again';
    }
  }
}
