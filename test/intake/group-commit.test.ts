import { expect, test } from '@jest/globals';
import type { Entry, Stored } from '../../src/intake/entry.js';
import { createGroupCommit } from '../../src/intake/group-commit.js';
import { StoreUnavailable } from '../../src/intake/store-unavailable.js';

const entry = (bytes = 100): Entry => ({ envelope: null, events: [], held: [], bytes });
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A commit that ends when the test says so. */
function controlled(limits: { lanes?: number; maxBytes?: number; maxWaitingBytes?: number } = {}) {
  const batches: { size: number; end: () => void; fail: (error: Error) => void }[] = [];
  const group = createGroupCommit({
    lanes: 1,
    maxEvents: 500,
    maxBytes: 1_000_000,
    maxWaitingBytes: 1_000_000,
    ...limits,
    commit: (_lane, batch) =>
      new Promise<Stored[]>((resolve, reject) => {
        const answers = batch.map((_, fresh) => ({ stored: 'database' as const, fresh }));
        batches.push({ size: batch.length, end: () => resolve(answers), fail: reject });
      }),
  });
  return { group, batches };
}

test('what arrives in one turn shares a commit; what arrives meanwhile shares the next', async () => {
  const { group, batches } = controlled();
  const first = [group.add(entry()), group.add(entry()), group.add(entry())];
  await turn();
  const second = Array.from({ length: 20 }, () => group.add(entry()));
  await turn();
  expect(batches.map((batch) => batch.size)).toEqual([3]);
  batches[0]?.end();
  expect((await Promise.all(first)).map((one) => one.fresh)).toEqual([0, 1, 2]);
  await turn();
  expect(batches.map((batch) => batch.size)).toEqual([3, 20]);
  batches[1]?.end();
  await Promise.all(second);
  await group.idle();
});

test('no more commits at once than lanes', async () => {
  const { group, batches } = controlled({ lanes: 2 });
  const all = [];
  for (let n = 0; n < 5; n++) {
    all.push(group.add(entry()));
    await turn();
  }
  expect(batches.map((batch) => batch.size)).toEqual([1, 1]);
  batches[0]?.end();
  await turn();
  await turn();
  expect(batches.map((batch) => batch.size)).toEqual([1, 1, 3]);
  for (const batch of batches) batch.end();
  await Promise.all(all);
});

test('a batch is bounded in bytes, but an entry larger than that goes alone', async () => {
  const { group, batches } = controlled({ maxBytes: 1_000 });
  const all = [400, 400, 400, 5_000, 100].map((bytes) => group.add(entry(bytes)));
  for (let n = 0; n < 4; n++) {
    await turn();
    await turn();
    batches[n]?.end();
  }
  await Promise.all(all);
  expect(batches.map((batch) => batch.size)).toEqual([2, 1, 1, 1]);
});

test('what waits is bounded: more is refused, not kept in memory', async () => {
  const { group, batches } = controlled({ maxWaitingBytes: 1_000 });
  const taken = [group.add(entry(600)), group.add(entry(300))];
  await expect(group.add(entry(600))).rejects.toThrow(StoreUnavailable);
  await turn();
  batches[0]?.end();
  await Promise.all(taken);
});

test('a failed commit fails its own entries only', async () => {
  const { group, batches } = controlled();
  const first = group.add(entry());
  await turn();
  const second = group.add(entry());
  batches[0]?.fail(new StoreUnavailable('full'));
  await expect(first).rejects.toThrow('full');
  await turn();
  batches[1]?.end();
  await expect(second).resolves.toEqual({ stored: 'database', fresh: 0 });
});
