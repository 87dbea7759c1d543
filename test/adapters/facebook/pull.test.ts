import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChannelAdapter, InboundSink, PulledItem, PullSource } from '../../../src/core/channel.js';
import { serve } from '../../support/stand.js';
import { DAY_MS, HOUR_MS, problem, signal } from '../shared/meta/helpers.js';
import { adapterFor, PAGE, playedFacebook } from './helpers.js';

/** Nothing answers there: every webhook is lost, as in an outage. */
const NOWHERE = 'http://127.0.0.1:9';

describe('what no webhook told us', () => {
  let now: number;
  let played: Awaited<ReturnType<typeof playedFacebook>>;
  let adapter: ChannelAdapter;
  let items: PulledItem[];
  let cursors: unknown[];
  const stops = new AbortController();

  const sink: InboundSink = {
    putBlob: () => Promise.reject(new Error('no blobs')),
    accept: (given, cursor) => {
      items.push(...given);
      if (cursor !== undefined) cursors.push(cursor);
      return Promise.resolve();
    },
  };

  beforeEach(async () => {
    now = Date.now();
    items = [];
    cursors = [];
    const clock = () => new Date(now);
    played = await playedFacebook(NOWHERE, clock);
    adapter = adapterFor(played.stand.url, { pollSeconds: 0.02 }, { clock: { now: clock } });
  });
  afterEach(async () => {
    stops.abort();
    await adapter.close?.();
    await played.close();
  });

  const source = (name: string): PullSource => {
    const found = adapter.pull?.sources.find((one) => one.name === name);
    if (!found) throw new Error(`no source ${name}`);
    return found;
  };
  const texts = () =>
    items.flatMap(({ parsed }) => parsed.events).map((event) => event.type === 'message' && event.text);
  const write = (text: string, device = 'facebook', from = 'Nona') =>
    played.simulator.write({ channelId: device, from, text });

  /** One look, from that cursor. */
  async function look(name: string, cursor?: unknown): Promise<void> {
    const stop = new AbortController();
    const before = cursors.length;
    const run = source(name)
      .run(sink, cursor, stop.signal)
      .catch(() => undefined);
    for (let i = 0; i < 200 && cursors.length === before; i++) await sleep(10);
    stop.abort();
    await run;
  }

  test('messages since the cursor, oldest first, and the cursor moves on', async () => {
    await write('lama');
    now += DAY_MS;
    await write('satu');
    await write('dua', 'facebook', 'Bung');
    now += HOUR_MS;
    await look('messages', { since: new Date(now - 2 * HOUR_MS).toISOString() });
    expect(texts().slice(0, 2)).toEqual(['satu', 'dua']);
    expect(texts()).not.toContain('lama');
    expect(cursors[0]).toEqual({ since: new Date(now).toISOString() });
  });

  test('comments since the cursor, with their author and thread; not the post of the page', async () => {
    const first = await write('Air mati', 'facebook--komentar');
    now += 60_000;
    await look('comments', { since: new Date(now - HOUR_MS).toISOString() });
    expect(items[0]?.parsed.events).toMatchObject([
      {
        type: 'message',
        externalId: first.id,
        from: { scheme: 'fb-user', name: 'Nona' },
        text: 'Air mati',
        thread: { conversationId: first.id },
      },
    ]);
    expect(new Set(texts())).toEqual(new Set(['Air mati']));
  });

  test('at the very first start nothing of before is taken, but a cursor is', async () => {
    await write('lama');
    now += DAY_MS;
    await look('messages');
    expect(texts()).toEqual([]);
    expect(cursors).not.toHaveLength(0);
  });

  test('what a webhook brought has the same id when it is found', async () => {
    const gateway = await serve(() => ({ status: 200, headers: {}, body: '' }));
    const other = await playedFacebook(gateway.url);
    const facebook = adapterFor(other.stand.url);
    await other.simulator.write({ channelId: 'facebook', from: 'Nona', text: 'sama' });
    await other.simulator.write({ channelId: 'facebook--komentar', from: 'Nona', text: 'sama juga' });
    const told = gateway.requests.flatMap((request) => facebook.webhook?.parse(request).events ?? []);
    for (const one of facebook.pull?.sources ?? [])
      await one.backfill?.(sink, new Date(Date.now() - HOUR_MS), signal());
    const found = items.flatMap(({ parsed }) => parsed.events);
    const essence = (events: typeof told) =>
      events.map(
        (event) => event.type === 'message' && [event.externalId, event.text, event.from, event.thread],
      );
    expect(essence(found)).toEqual(essence(told));
    const listed = [];
    for await (const one of facebook.list?.(new Date(Date.now() - HOUR_MS), new Date()) ?? [])
      listed.push(one);
    expect(essence(listed)).toEqual(essence(told));
    await facebook.close?.();
    await other.close();
    await gateway.close();
  });

  test('a backfill hands over hundreds in batches, and saves no cursor', async () => {
    for (let i = 0; i < 230; i++) await write(`pesan ${i}`, 'facebook', `Warga ${i % 7}`);
    const sizes: number[] = [];
    const counting: InboundSink = {
      ...sink,
      accept: async (given, cursor) => {
        sizes.push(given.length);
        await sink.accept(given, cursor);
      },
    };
    await source('messages').backfill?.(counting, new Date(now - HOUR_MS), signal());
    expect(sizes).toEqual([100, 100, 30]);
    expect(new Set(texts()).size).toBe(230);
    expect(cursors).toEqual([]);
  });

  test('an item is read again for replay as it was; nothing personal in its place', async () => {
    await write('x', 'facebook--komentar');
    await source('comments').backfill?.(sink, new Date(now - HOUR_MS), signal());
    const [item] = items;
    if (!item) throw new Error('nothing came');
    expect(item.request).toMatchObject({ method: 'PULL', target: 'facebook:comment' });
    expect(await adapter.pull?.parse(item.request, sink.putBlob)).toEqual(item.parsed);
  });

  test('a refusal ends the run with the verdict', async () => {
    const refusing = await serve(() => problem(401, 190));
    const facebook = adapterFor(refusing.url);
    const run = facebook.pull?.sources[0]?.run(sink, { since: new Date().toISOString() }, signal());
    await expect(run).rejects.toMatchObject({ name: 'ChannelError', code: 'config' });
    await facebook.close?.();
    await refusing.close();
    expect(PAGE).toMatch(/^\d+$/);
  });
});
