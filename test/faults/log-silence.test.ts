/** Nothing of what citizens and the city write to each other, nor who they are, gets into the log. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { playProvider, type PlayedProvider } from '../support/played-provider.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { startTypeScript, type TestProcess } from '../support/process.js';
import { API_KEY, newSid, operatorAt, readLedger, until } from '../support/whole-gateway.js';

const COMPLAINT = 'Gelapgulita di depan Pasar Sagulempeng sejak kemarin';
const ANSWER = 'Lampunya sudah menyalabenderang';
const NUMBER = '+6281200000077';
const OTHER_NUMBER = '+6281200000088';

let store: TestDatabase;
let provider: PlayedProvider;
let gateway: TestProcess;
let output = '';

beforeAll(async () => {
  store = await createTestDatabase();
  provider = await playProvider(store.url, { LOG_LEVEL: 'trace' });
  gateway = startTypeScript(new URL('../support/gateway-process.ts', import.meta.url), [], {
    env: provider.environment,
  });
  gateway.child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  await until(
    () =>
      fetch(`${provider.url}/healthz`).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status === 200,
    20_000,
  );
});

afterAll(async () => {
  gateway.child.kill('SIGKILL');
  await gateway.ended;
  await provider.close();
  await store.drop();
});

const bodies = async () => (await readLedger(provider.api)).map(({ body }) => body);

test('a complaint with faults on its way, its answer, and what is refused: the log tells none of it', async () => {
  provider.simulator.setFault('http-429', 1);
  const message = { sid: newSid(), from: NUMBER, text: COMPLAINT };
  expect(await provider.citizen.send(message)).toBe(200);
  await until(bodies, (sent) => sent.length > 0, 20_000);
  expect(provider.simulator.activeFaults()).toEqual({});

  const operator = operatorAt(provider.url);
  const [{ trackingNumber } = { trackingNumber: '' }] = await operator.cases();
  await operator.move(trackingNumber, 'verify');
  await operator.move(trackingNumber, 'dispose', { opd: 'dinas-pupr' });
  await operator.move(trackingNumber, 'accept');
  await operator.move(trackingNumber, 'respond', { reply: ANSWER });
  await until(bodies, (sent) => sent.some((body) => body.includes(ANSWER)), 20_000);

  // An answer that never comes: how the failure is told must not quote what was sent.
  provider.simulator.setFault('accepted-no-answer', 1);
  const other = { sid: newSid(), from: OTHER_NUMBER, text: `${COMPLAINT} sekali` };
  expect(await provider.citizen.send(other)).toBe(200);
  await until(
    () => Object.keys(provider.simulator.activeFaults()),
    (left) => left.length === 0,
    20_000,
  );
  expect(await provider.citizen.send({ ...message, sid: newSid() }, 'not the token')).toBe(403);
  expect(await provider.citizen.send({ ...message, sid: '' })).toBeGreaterThanOrEqual(400);

  gateway.child.kill('SIGTERM');
  expect(await gateway.ended).toBe(0);
  const all = output + gateway.errors();
  // It is the log of this very gateway, to its end, and it did tell of the failures.
  for (const sign of ['"Started"', '"Stopped"', '"level":"warn"']) expect(all).toContain(sign);
  const { TABEA_SECRET_KEY = '', TWILIO_AUTH_TOKEN = '' } = provider.environment;
  const numbers = [NUMBER, OTHER_NUMBER].map((number) => number.slice('+62'.length));
  const hidden = ['Gelapgulita', 'Sagulempeng', 'menyalabenderang', ...numbers];
  for (const secret of [...hidden, API_KEY, TABEA_SECRET_KEY, TWILIO_AUTH_TOKEN]) {
    expect(secret).not.toBe('');
    expect(all.toLowerCase().includes(secret.toLowerCase()) ? `the log tells ${secret}` : '').toBe('');
  }
}, 60_000);
