/** kill -9 of the whole gateway under load: no message is lost, nobody is answered twice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { playProvider, type PlayedProvider } from '../support/played-provider.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startTypeScript, type TestProcess } from '../support/process.js';
import { newSid, readLedger, until, type WrittenSms } from '../support/whole-gateway.js';

const MESSAGES = 1_000;
const AT_ONCE = 32;
/** When so many were answered with 200, the gateway dies. */
const KILL_AFTER = 400;

let store: TestDatabase;
let provider: PlayedProvider;
let running: TestProcess;

beforeAll(async () => {
  store = await createTestDatabase();
  provider = await playProvider(store.url);
});

afterAll(async () => {
  running.child.kill('SIGKILL');
  await running.ended;
  await provider.close();
  await store.drop();
});

async function start(): Promise<void> {
  running = startTypeScript(new URL('../support/gateway-process.ts', import.meta.url), [], {
    env: provider.environment,
  });
  const died = running.ended.then((code) => {
    throw new Error(`the gateway ended with ${code}: ${running.errors()}`);
  });
  const ready = until(
    () =>
      fetch(`${provider.url}/healthz`).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200,
    20_000,
  );
  await Promise.race([ready, died]);
  died.catch(() => undefined);
}

/** Sends with AT_ONCE under way; resolves with those that were not answered with 200. */
async function sendAll(
  messages: readonly WrittenSms[],
  onStored: (count: number) => void = () => undefined,
): Promise<WrittenSms[]> {
  const waiting = [...messages];
  const unanswered: WrittenSms[] = [];
  let stored = 0;
  const sender = async () => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      const status = await provider.citizen.send(message).catch(() => 0);
      if (status === 200) onStored(++stored);
      else unanswered.push(message);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  return unanswered;
}

async function numberOf(sql: string): Promise<number> {
  const { rows } = await store.database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`);
  return rows[0]?.n ?? 0;
}

const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

/** What the provider took, once no more comes: attempts may be under way although nothing is pending any more. */
async function settledProvider() {
  const look = async () => {
    const before = sum(provider.simulator.accepted());
    await sleep(1_000);
    const accepted = new Map(provider.simulator.accepted());
    return { accepted, ledger: (await readLedger(provider.api)).length, isQuiet: sum(accepted) === before };
  };
  return await until(look, ({ isQuiet }) => isQuiet, 30_000);
}

test('a thousand messages, the gateway killed among them: each is one case with one acknowledgement', async () => {
  const messages = Array.from({ length: MESSAGES }, (_, n) => ({
    sid: newSid(),
    from: `+62812000${String(n).padStart(5, '0')}`,
    text: `Jalan berlubang di kilometer ${n}`,
  }));
  await start();
  const unanswered = await sendAll(messages, (count) => {
    if (count === KILL_AFTER) running.child.kill('SIGKILL');
  });
  expect(await running.ended).toBe('SIGKILL');
  // Otherwise nothing was interrupted.
  expect(unanswered.length).toBeGreaterThan(AT_ONCE);
  const storedBefore = await numberOf('inbox');
  expect(storedBefore).toBeGreaterThanOrEqual(MESSAGES - unanswered.length);

  await start();
  let retried = unanswered;
  for (let round = 0; round < 10 && retried.length > 0; round++) retried = await sendAll(retried);
  expect(retried).toEqual([]);
  const open = () =>
    numberOf(
      `(SELECT 1 FROM inbox WHERE state = 'new' UNION ALL SELECT 1 FROM outbox WHERE state = 'pending') o`,
    );
  await until(open, (count) => count === 0, 30_000);

  expect(await numberOf(`inbox WHERE event_key LIKE 'm:%'`)).toBe(MESSAGES);
  expect(await numberOf('cases')).toBe(MESSAGES);
  expect(await numberOf('quarantine')).toBe(0);
  const { rows } = await store.database.pool.query<{ words: string; acknowledgements: string[] }>(
    `SELECT c.text AS words, coalesce(array_agg(o.state) FILTER (WHERE o.id IS NOT NULL), '{}') AS acknowledgements
       FROM cases c LEFT JOIN outbox o ON o.case_id = c.id AND o.purpose = 'received' GROUP BY c.id`,
  );
  const states = new Map(rows.map((row) => [row.words, row.acknowledgements]));
  const { accepted, ledger } = await settledProvider();
  expect(ledger).toBe(sum(accepted));
  const wrong = messages.filter(({ from, text }) => {
    const [state, ...others] = states.get(text) ?? [];
    const times = accepted.get(from) ?? 0;
    const isUnderWay = state === 'sending' || state === 'unknown';
    return others.length > 0 || state === undefined || times > 1 || (times === 0 && !isUnderWay);
  });
  expect(wrong).toEqual([]);
}, 90_000);
