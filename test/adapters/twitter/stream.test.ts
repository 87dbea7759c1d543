import http from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { XChannel } from '../../../adapters/twitter/index.js';
import { XClient } from '../../../adapters/twitter/client.js';
import { StreamConnection } from '../../../adapters/twitter/stream-connection.js';
import { ChannelError } from '../../../src/core/channel-error.js';
import {
  budi,
  CHANNEL,
  contextOf,
  never,
  openWorld,
  run,
  settingsAt,
  until,
  type Running,
  type World,
} from './helpers.js';

/** As the real ones, 250 times quicker. */
const QUICK = { silenceMs: 300, patienceMs: 1_000, searchMs: 400 };

let world: World;
let running: Running | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await world.close();
});

const write = (text: string, subject?: string) =>
  world.x.write({ channelId: CHANNEL, from: budi.username, text, ...(subject !== undefined && { subject }) });

test('posts with the tag come, others do not, each once although search and stream both tell', async () => {
  world = await openWorld();
  const before = await write('Sebelum tersambung #laporpengaduan');
  running = run(world.source('stream'));
  await running.until(1);
  const after = await write('Lampu padam 😀 #LaporPengaduan');
  await write('tanpa tagar');
  await write('', `retweet:${after.id}`);
  await running.until(2);
  expect(running.ids()).toEqual([before.id, after.id]);
  expect(running.events()).toMatchObject([
    {},
    { text: 'Lampu padam 😀 #LaporPengaduan', from: { value: budi.id } },
  ]);
});

test('delivered twice, it is handed over once', async () => {
  world = await openWorld();
  running = run(world.source('stream'));
  await until(() => running?.cursor() !== undefined && world.x.streamCount === 1);
  world.x.setFault('duplicate', 1);
  const { id } = await write('#laporpengaduan dua kali');
  await write('#laporpengaduan penutup');
  await running.until(2);
  expect(running.ids().filter((one) => one === id)).toHaveLength(1);
});

test('a silent stream is opened again, and its gap is filled', async () => {
  world = await openWorld({ timing: QUICK, silentMs: 3_000 });
  running = run(world.source('stream'));
  const first = await write('#laporpengaduan satu');
  await running.until(1);
  await until(() => world.x.streamCount === 1);
  world.x.setFault('silent-stream', 1);
  // Said into the silence: the stream never tells of it.
  const missed = await write('#laporpengaduan hilang');
  const started = performance.now();
  await running.until(2);
  // The watch and one short delay: while the stream is still silent.
  expect(performance.now() - started).toBeLessThan(2_500);
  await until(() => world.x.streamCount === 1);
  const last = await write('#laporpengaduan sesudah');
  await running.until(3, 3_000);
  expect([...new Set(running.ids())]).toEqual([first.id, missed.id, last.id]);
  expect(running.ids()).toHaveLength(3);
});

test('connections that X believes to be alive are terminated', async () => {
  world = await openWorld({ timing: QUICK });
  world.x.setFault('too-many-connections', 1);
  await write('#laporpengaduan sebelum');
  running = run(world.source('stream'));
  await running.until(1);
  await write('#laporpengaduan sesudah');
  await running.until(2);
});

test('rules that somebody took away are set again: 409', async () => {
  world = await openWorld({ timing: QUICK });
  running = run(world.source('stream'));
  await until(() => world.x.streamCount === 1);
  expect(world.x.ruleValues).toEqual(['#laporpengaduan -is:retweet']);
  world.x.loseRules();
  world.x.cutStreams();
  await until(() => world.x.streamCount === 1 && world.x.ruleValues.length === 1);
  const { id } = await write('#laporpengaduan lagi');
  await running.until(1);
  expect(running.ids()).toEqual([id]);
});

test('a cut stream is dialled again at once; a provider that is away is told to the gateway', async () => {
  world = await openWorld({ timing: { ...QUICK, patienceMs: 600 } });
  running = run(world.source('stream'));
  await until(() => world.x.streamCount === 1);
  world.x.cutStreams();
  await write('#laporpengaduan di sela');
  await running.until(1);
  await world.close();
  const end = await running.ended;
  expect(end).toBeInstanceOf(ChannelError);
  // The third attempt would have to wait longer than the run is patient.
  expect(end).toMatchObject({ code: 'connection', retry: { afterMs: 750 } });
});

test('a refused token ends the run as a matter of configuration', async () => {
  world = await openWorld({ timing: QUICK });
  const stranger = new XChannel(settingsAt(world.url, { bearerToken: 'wrong' }), contextOf());
  const [source] = stranger.pull.sources;
  if (!source) throw new Error('no source');
  expect(await run(source).ended).toMatchObject({ code: 'config', providerCode: '401' });
});

test('a letter that two chunks share arrives whole, and a server that never answers is given up', async () => {
  world = await openWorld();
  const line = Buffer.from(`${JSON.stringify({ data: { id: '1', text: 'Jl. 😀 é', author_id: '2' } })}\r\n`);
  let answers = true;
  const server = http.createServer((_, response) => {
    if (!answers) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    const middle = line.indexOf(Buffer.from('😀')) + 2;
    response.write(line.subarray(0, middle));
    setTimeout(() => response.write(line.subarray(middle)), 50);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const clock = { now: () => new Date() };
  const client = new XClient(settingsAt(url), clock);
  const connection = await StreamConnection.open(client, 2_000, clock, never());
  expect(await connection.take(2_000, never())).toMatchObject([{ data: { text: 'Jl. 😀 é' } }]);
  connection.close();
  answers = false;
  const started = performance.now();
  await expect(StreamConnection.open(client, 200, clock, never())).rejects.toMatchObject({
    code: 'connection',
  });
  expect(performance.now() - started).toBeLessThan(1_500);
  const told = new AbortController();
  setTimeout(() => told.abort(), 50);
  await expect(StreamConnection.open(client, 5_000, clock, told.signal)).rejects.toBeInstanceOf(ChannelError);
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});
