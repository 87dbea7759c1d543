import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { fetchAttachments } from '../../src/cases/fetch-attachments.js';
import { ingestBatch } from '../../src/cases/ingest.js';
import { dueMedia } from '../../src/cases/waiting-media.js';
import { file, openMediaBench, status, type Answer, type MediaBench } from './media-support.js';
import { ANI, sms, START } from './support.js';

let bench: MediaBench;
beforeAll(async () => {
  bench = await openMediaBench();
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.store.rows('TRUNCATE message');
  bench.files.clear();
  bench.stand.requests.length = 0;
  bench.store.now = START;
  bench.store.jobs.length = 0;
  bench.store.log.length = 0;
});

const never = () => new AbortController().signal;
const fetch = (...ids: string[]) => fetchAttachments(bench.services, ids, never());
const later = (ms: number) => (bench.store.now = new Date(bench.store.now.getTime() + ms));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const due = () => dueMedia(bench.store.db.database, bench.store.now, 100);
const HOUR = 3_600_000;

/** Answers only when it is told to; `asked` resolves with the first request. */
function held(answer: Answer) {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  let tell: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (tell = resolve));
  const handler = async () => {
    tell();
    await gate;
    return answer;
  };
  return { handler, release, asked };
}

describe('the ingest', () => {
  test('plans what lies with the provider, tells the queue, and leaves ordinary messages out', async () => {
    const id = await bench.receive('/a');
    expect(bench.store.jobs).toContainEqual({ queue: 'media', ids: [id] });
    await ingestBatch(bench.store.services, await bench.store.arrive(sms(ANI, 'tanpa foto')));
    expect(await due()).toEqual([id]);
  });
});

describe('an attachment', () => {
  test('is fetched with our credentials and stored, once, whatever repeats', async () => {
    bench.files.set('/a', () => file('satu')).set('/b', () => file('dua'));
    const id = await bench.receive('/a', '/b');
    await fetch(id, id);
    await fetch(id);
    const { attachments, media_due } = await bench.row(id);
    expect(attachments).toEqual([
      {
        name: 'a.jpeg',
        contentType: 'image/jpeg',
        url: `${bench.stand.url}/a`,
        blob: sha256('satu'),
        size: 4,
        state: 'stored',
      },
      expect.objectContaining({ blob: sha256('dua'), size: 3, state: 'stored' }),
    ]);
    expect(media_due).toBeNull();
    expect((await bench.blobs.get(sha256('satu')))?.toString()).toBe('satu');
    expect(bench.stand.requests).toHaveLength(2);
    expect(bench.stand.requests[0]?.headers['authorization']).toMatch(/^Basic /);
  });

  test('is fetched once by two jobs at the same time', async () => {
    const slow = held(file('satu'));
    bench.files.set('/a', slow.handler);
    const id = await bench.receive('/a');
    const first = fetch(id);
    await slow.asked;
    await fetch(id);
    slow.release();
    await first;
    expect(bench.asked('/a')).toBe(1);
    expect((await bench.row(id)).attachments).toMatchObject([{ state: 'stored' }]);
  });

  test('that is gone, or that points at ourselves, fails for good and holds up no other', async () => {
    bench.files.set('/c', () => file('tiga'));
    const id = await bench.receive('/gone', 'https://169.254.169.254/latest/meta-data', '/c');
    await fetch(id);
    const { attachments, media_due } = await bench.row(id);
    expect(attachments).toMatchObject([
      { state: 'failed', code: 'rejected' },
      { state: 'failed', code: 'rejected' },
      { state: 'stored', blob: sha256('tiga') },
    ]);
    expect(media_due).toBeNull();
    later(HOUR);
    await fetch(id);
    expect(bench.asked('/gone')).toBe(1);
    expect(bench.store.log.filter((line) => line.includes('given up'))).toHaveLength(2);
    expect(bench.store.log.join()).not.toContain('169.254');
  });

  test('is tried again after a growing pause, alone, until it comes', async () => {
    let healthy = false;
    bench.files.set('/a', () => (healthy ? file('satu') : status(503))).set('/b', () => file('dua'));
    const id = await bench.receive('/a', '/b');
    await fetch(id);
    expect((await bench.row(id)).attachments).toMatchObject([
      { state: 'wanted', code: 'connection', attempts: 1 },
      { state: 'stored' },
    ]);
    await fetch(id);
    expect(bench.asked('/a')).toBe(1);
    const pauses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const pause = ((await bench.row(id)).media_due?.getTime() ?? 0) - bench.store.now.getTime();
      pauses.push(pause);
      later(pause - 1);
      expect(await due()).toEqual([]);
      later(1);
      expect(await due()).toEqual([id]);
      healthy = i === 2;
      await fetch(id);
    }
    // Half of 2, 4 and 8 s: the random part is nought here.
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
    expect((await bench.row(id)).attachments).toMatchObject([
      { state: 'stored', blob: sha256('satu') },
      { state: 'stored' },
    ]);
    expect(bench.asked('/b')).toBe(1);
    expect(await due()).toEqual([]);
  });

  test('that does not come within 24 hours is given up', async () => {
    bench.files.set('/a', () => undefined);
    const id = await bench.receive('/a');
    await fetch(id);
    later(24 * HOUR - 1);
    await fetch(id);
    expect((await bench.row(id)).attachments).toMatchObject([{ state: 'wanted', attempts: 2 }]);
    later(HOUR);
    await fetch(id);
    expect(await bench.row(id)).toMatchObject({
      attachments: [{ state: 'failed', code: 'connection', attempts: 3, url: `${bench.stand.url}/a` }],
      media_due: null,
    });
  });

  test('behind a token that expired, or of a channel switched off, waits for a person', async () => {
    bench.files.set('/a', () => status(401));
    const id = await bench.receive('/a');
    await fetch(id);
    for (let day = 0; day < 3; day++) {
      later(24 * HOUR);
      await fetchAttachments({ ...bench.services, adapters: new Map() }, [id], never());
    }
    expect((await bench.row(id)).attachments).toMatchObject([
      { state: 'wanted', code: 'config', attempts: 4 },
    ]);
    bench.files.set('/a', () => file('satu'));
    later(HOUR);
    await fetch(id);
    expect((await bench.row(id)).attachments).toMatchObject([{ state: 'stored' }]);
    expect(bench.store.log.filter((line) => line.includes('configuration'))).toHaveLength(1);
  });

  test('whose adapter throws something unheard of is tried again, and its words stay out of row and log', async () => {
    const id = await bench.receive('/a');
    const fetchAttachment = () => Promise.reject(new RangeError('words of a citizen'));
    const adapters = new Map([['sms-1708', { fetchAttachment }]]);
    await fetchAttachments({ ...bench.services, adapters }, [id], never());
    const { attachments } = await bench.row(id);
    expect(attachments).toMatchObject([{ state: 'wanted', code: 'bad_response' }]);
    expect(JSON.stringify(attachments) + bench.store.log.join()).not.toContain('words of');
  });
});

describe('a message that was withdrawn', () => {
  const withdraw = async (id: string) => {
    const [row] = await bench.store.rows<{ external_id: string }>(
      'SELECT external_id FROM message WHERE id = $1',
      [id],
    );
    const ids = await bench.store.arrive({
      type: 'withdrawal',
      channelId: 'sms-1708',
      of: 'message',
      externalId: row?.external_id ?? '',
      from: ANI,
      receivedAt: START.toISOString(),
    });
    await ingestBatch(bench.store.services, ids);
  };

  test('is skipped, and waits no longer', async () => {
    bench.files.set('/a', () => file('ditarik'));
    const id = await bench.receive('/a');
    await withdraw(id);
    await fetch(id);
    expect(bench.stand.requests).toEqual([]);
    expect(await due()).toEqual([]);
  });

  test('while its picture was on its way leaves no picture behind', async () => {
    const slow = held(file('ditarik juga'));
    bench.files.set('/a', slow.handler);
    const id = await bench.receive('/a');
    const fetching = fetch(id);
    await slow.asked;
    await withdraw(id);
    slow.release();
    await fetching;
    expect((await bench.row(id)).attachments).toBeNull();
    expect(await bench.blobs.has(sha256('ditarik juga'))).toBe(false);
  });
});

describe('many messages', () => {
  test('are fetched a few at a time, and one that hangs holds up none of them', async () => {
    const slow = held(file('lambat'));
    bench.files.set('/slow', slow.handler);
    const ids = [await bench.receive('/slow')];
    let now = 0;
    let most = 0;
    for (let i = 0; i < 12; i++) {
      bench.files.set(`/${i}`, async () => {
        most = Math.max(most, (now += 1));
        await sleep(5);
        now -= 1;
        return file(`isi ${i}`);
      });
      ids.push(await bench.receive(`/${i}`));
    }
    const fetching = fetch(...ids);
    const stored = async () =>
      (await bench.store.rows(`SELECT 1 FROM message WHERE attachments->0->>'state' = 'stored'`)).length;
    for (let i = 0; i < 500 && (await stored()) < 12; i++) await sleep(10);
    expect(await stored()).toBe(12);
    expect(most).toBeLessThanOrEqual(2);
    slow.release();
    await fetching;
    expect(await stored()).toBe(13);
  });
});

describe('what fails on our side', () => {
  test('a blob store without space loses nothing: the job throws, the others are tried, later it comes', async () => {
    bench.files.set('/a', () => file('satu')).set('/b', () => file('dua'));
    const ids = [await bench.receive('/a'), await bench.receive('/b')];
    const full = { put: () => Promise.reject(new Error('ENOSPC')) };
    await expect(fetchAttachments({ ...bench.services, blobs: full }, ids, never())).rejects.toThrow(
      'ENOSPC',
    );
    expect(bench.stand.requests).toHaveLength(2);
    expect(await due()).toEqual([]);
    later(120_000);
    expect((await due()).sort()).toEqual([...ids].sort());
    await fetch(...ids);
    for (const id of ids) expect((await bench.row(id)).attachments).toMatchObject([{ state: 'stored' }]);
  });

  test('a stop breaks the fetch off and leaves it due at once, for whoever comes next', async () => {
    const slow = held(file('satu'));
    bench.files.set('/a', slow.handler).set('/b', () => file('dua'));
    const id = await bench.receive('/a', '/b');
    const stop = new AbortController();
    const fetching = fetchAttachments(bench.services, [id], stop.signal);
    await slow.asked;
    stop.abort();
    await fetching;
    expect(bench.asked('/b')).toBe(0);
    expect(await due()).toEqual([id]);
    slow.release();
    await fetch(id);
    expect((await bench.row(id)).attachments).toMatchObject([{ state: 'stored' }, { state: 'stored' }]);
  });
});
