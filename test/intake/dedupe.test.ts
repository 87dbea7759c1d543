import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { CHANNEL, inboxKeys, post, startGateway, type Gateway } from './gateway.js';

let store: TestDatabase;
let gateways: Gateway[];

beforeAll(async () => {
  store = await createTestDatabase();
  // Two processes' worth, with more lanes and smaller batches than usual, so that statements meet.
  const limits = { lanes: 3, batchEvents: 7 };
  gateways = [await startGateway({ url: store.url, limits }), await startGateway({ url: store.url, limits })];
});

afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await store.drop();
});

/** Requests over a few ids: each batch in any order, any id in any number of batches, to either gateway. */
const requests = fc.array(
  fc.record({
    to: fc.constantFrom(0, 1),
    status: fc.boolean(),
    ids: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  { minLength: 1, maxLength: 25 },
);

test('however events are split, repeated and interleaved, each is stored and announced once', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (sent) => {
      await store.database.pool.query('TRUNCATE inbox, envelope, quarantine');
      for (const gateway of gateways) gateway.queued.length = 0;
      const answers = await Promise.all(
        sent.map(({ to, ids, status }) => {
          const gateway = gateways[to];
          if (gateway === undefined) throw new Error('no such gateway');
          const entries = ids.map((id) => ({ id }));
          return post(gateway, entries, {}, `/webhooks/${CHANNEL}${status ? '/status' : ''}`);
        }),
      );
      expect(answers.every((answer) => answer.status === 200)).toBe(true);
      const expected = new Set(
        sent.flatMap(({ ids, status }) => (status ? [`d:${ids[0]}:delivered`] : ids.map((id) => `m:${id}`))),
      );
      expect(await inboxKeys(store.database)).toEqual([...expected].sort());
      const queued = gateways.flatMap((gateway) => gateway.queued);
      expect(queued).toHaveLength(expected.size);
      expect(new Set(queued).size).toBe(expected.size);
      const orphans = await store.database.pool.query(
        `SELECT 1 FROM envelope e WHERE NOT EXISTS (SELECT 1 FROM inbox i WHERE i.envelope_id = e.id)
         UNION ALL SELECT 1 FROM inbox i WHERE NOT EXISTS (SELECT 1 FROM envelope e WHERE i.envelope_id = e.id)`,
      );
      expect(orphans.rowCount).toBe(0);
    }),
    { numRuns: 40 },
  );
}, 60_000);
