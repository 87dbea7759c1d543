import { expect, test } from '@jest/globals';
import type { InboundSink, PulledItem } from '../../src/core/channel.js';
import type { Lease } from '../../src/intake/source-lease.js';
import { createSourceSink } from '../../src/intake/source-sink.js';

const ID = { channelId: 'mail-1', source: 'INBOX' };

interface Stand {
  readonly sink: InboundSink;
  readonly lost: AbortController;
  readonly stored: string[];
  readonly failures: unknown[];
}

function stand(store: (name: string) => Promise<void>): Stand {
  const lost = new AbortController();
  const stored: string[] = [];
  const failures: unknown[] = [];
  const lease: Lease = {
    epoch: 1,
    signal: lost.signal,
    demand: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
  const sink = createSourceSink(
    {
      blobs: { put: (bytes) => Promise.resolve(String(bytes.length)) },
      intake: {
        acceptTogether: async (_channelId, items) => {
          for (const { request } of items) {
            await store(request.target);
            stored.push(request.target);
          }
          return [];
        },
      },
    },
    ID,
    lease,
    { stored: () => {}, failed: (error) => failures.push(error) },
  );
  return { sink, lost, stored, failures };
}

const item = (target: string): PulledItem => ({
  request: { method: 'PULL', target, headers: {}, body: Buffer.alloc(0), receivedAt: new Date(0) },
  parsed: { events: [], ignored: [], rejected: [] },
});

test('a source that swallows a failure of ours gets nothing more taken: it cannot pass over a message', async () => {
  let isFull = true;
  const { sink, stored, failures } = stand(() =>
    isFull ? Promise.reject(new Error('full')) : Promise.resolve(),
  );
  await expect(sink.accept([item('a')], 1)).rejects.toThrow('full');
  isFull = false;
  await expect(sink.accept([item('b')], 2)).rejects.toThrow('full');
  expect(stored).toEqual([]);
  expect(failures).toHaveLength(1);
});

test('what is handed over without waiting is stored in its order', async () => {
  const { sink, stored } = stand(async (name) => {
    if (name === 'a') await new Promise((resolve) => setTimeout(resolve, 20));
  });
  await Promise.all([sink.accept([item('a')], 1), sink.accept([item('b')], 2)]);
  expect(stored).toEqual(['a', 'b']);
});

test('nobody waits for a database that hangs when the lease is gone', async () => {
  const { sink, lost, failures } = stand(() => new Promise(() => {}));
  const accepting = sink.accept([item('a')], 1);
  setTimeout(() => lost.abort(), 10);
  await expect(accepting).rejects.toMatchObject({ name: 'LeaseLost' });
  expect(failures).toHaveLength(1);
});
