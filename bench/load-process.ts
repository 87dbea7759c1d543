/** Child: sends each of so many signed messages once, by autocannon, and tells how long that took. */
import autocannon, { type Client } from 'autocannon';
import { z } from 'zod';
import { serveParent } from './child.js';
import type { LoadResult } from './load.js';
import { signedForm, WEBHOOK_PATH } from './sms-forms.js';

const order = z.object({
  origin: z.string(),
  /** Number of the first message; no later order may repeat it. */
  first: z.number(),
  amount: z.number(),
  connections: z.number(),
});

async function send(input: unknown): Promise<LoadResult> {
  const { origin, first, amount, connections } = order.parse(input);
  const each = amount / connections;
  if (!Number.isInteger(each)) throw new Error('the connections must have equally much to send');
  let next = first;
  // Every connection has a list of its own, as long as what it may send: nothing is sent twice.
  const setupClient = (client: Client) => {
    client.setRequests(
      Array.from({ length: each }, () => {
        const { body, signature } = signedForm(next++);
        const headers = {
          'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
          'x-twilio-signature': signature,
          'user-agent': 'TwilioProxy/1.1',
        };
        return { method: 'POST', path: WEBHOOK_PATH, headers, body };
      }),
    );
  };
  // autocannon's own clock begins before the requests are made ready and ticks in seconds.
  const instance = autocannon({ url: origin, connections, amount, setupClient });
  const start = performance.now();
  let last = start;
  instance.on('response', () => (last = performance.now()));
  const result = await instance;
  return {
    ok: result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
    seconds: (last - start) / 1_000,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}

serveParent({ send }, () => Promise.resolve());
