import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { shareBatches } from '../../workers/share-batches.js';

/** Work that ends when it is told to. */
function played() {
  const batches: { ids: readonly string[]; end: (error?: Error) => void }[] = [];
  const work = (ids: readonly string[]) =>
    new Promise<void>((resolve, reject) => {
      batches.push({ ids, end: (error) => (error ? reject(error) : resolve()) });
    });
  return { batches, work };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a job alone begins at once; those that wait share the next batch, as far as it is large enough', async () => {
  const { batches, work } = played();
  const take = shareBatches(work, { atOnce: 1, most: 4 });
  const jobs = [['a'], ['b', 'c'], ['d', 'e'], ['f']].map((ids) => take(ids));
  expect(batches.map(({ ids }) => ids)).toEqual([['a']]);
  batches[0]?.end();
  await turn();
  expect(batches[1]?.ids).toEqual(['b', 'c', 'd', 'e']);
  batches[1]?.end();
  await turn();
  expect(batches[2]?.ids).toEqual(['f']);
  batches[2]?.end();
  await Promise.all(jobs);
});

test('a batch that fails fails its jobs and no other', async () => {
  const { batches, work } = played();
  const take = shareBatches(work, { atOnce: 1, most: 10 });
  const first = take(['a']);
  const [second, third] = [take(['b']), take(['c'])];
  batches[0]?.end(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await turn();
  batches[1]?.end();
  await expect(Promise.all([second, third])).resolves.toHaveLength(2);
});

test('whatever jobs come: each id once, in order, never more at once than allowed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      async (sizes, atOnce) => {
        let next = 0;
        const jobs = sizes.map((size) => Array.from({ length: size }, () => String(next++)));
        let underWay = 0;
        const seen: string[] = [];
        const take = shareBatches(
          async (ids) => {
            underWay += 1;
            expect(underWay).toBeLessThanOrEqual(atOnce);
            expect(ids.length).toBeLessThanOrEqual(7);
            seen.push(...ids);
            await turn();
            underWay -= 1;
          },
          { atOnce, most: 5 },
        );
        await Promise.all(jobs.map((ids) => take(ids)));
        expect(seen).toEqual(jobs.flat());
      },
    ),
  );
});
