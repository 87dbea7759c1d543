import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { smsSimulator } from '../../adapters/sms/simulator.js';
import type { SimulatorPart } from '../../src/core/simulator.js';
import { startHttpApp, type HttpApp } from '../support/http-app.js';
import { httpClient } from '../support/http-client.js';

const SID = `AC${'a'.repeat(32)}`;
const TOKEN = 'b'.repeat(32);

let gateway: Server;
let part: SimulatorPart;
let app: HttpApp;
let webhooks: { readonly target: string; readonly body: string }[] = [];

beforeAll(async () => {
  gateway = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      webhooks.push({ target: request.url ?? '', body });
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  const address = gateway.address();
  const gatewayUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const silent = () => undefined;
  const settings = { provider: 'twilio', twilio: { accountSid: SID, authToken: TOKEN, apiUrl: gatewayUrl } };
  part = smsSimulator.create({
    channels: [{ channelId: 'sms-1708', label: 'SMS 1708', address: '1708', settings }],
    gatewayUrl,
    publicUrl: gatewayUrl,
    clock: { now: () => new Date() },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  });
  app = await startHttpApp({ deps: { demo: { played: [{ kind: 'sms', part }] } } });
});
afterAll(async () => {
  await part.close();
  await app.close();
  await new Promise((resolve) => gateway.close(resolve));
});

test('every page says that this is a demo', async () => {
  for (const path of ['/', '/lacak', '/console/login', '/simulator', '/api/docs', '/none']) {
    expect((await httpClient(app.url).get(path)).text).toContain('class="tb-demo"');
  }
});

test('a citizen writes on his telephone: it goes to the webhook and shows in the conversation, as text', async () => {
  webhooks = [];
  const client = httpClient(app.url);
  const page = await client.get('/simulator');
  expect(page.text).toContain('data-look="phone"');
  expect(page.text).toContain('+6281200000001');
  const fields = { channel: 'sms-1708', from: '+6281200000001', text: 'Lampu <b>padam</b>\r\ndi Passo' };
  const answer = await client.form('/simulator/messages', fields);
  expect(answer.status).toBe(303);
  expect(answer.headers.get('location')).toBe('/simulator#device-sms-1708');
  expect(webhooks).toHaveLength(1);
  expect(webhooks[0]?.target).toBe('/webhooks/sms-1708');
  expect(new URLSearchParams(webhooks[0]?.body).get('Body')).toBe('Lampu <b>padam</b>\ndi Passo');
  const { text } = await client.get('/simulator/conversation?channel=sms-1708&from=%2B6281200000001');
  expect(text).toContain('Lampu &lt;b>padam&lt;/b>');
  expect(text).toContain('1 pesan');
});

test('with htmx the answer is the conversation', async () => {
  const client = httpClient(app.url);
  await client.get('/simulator');
  const fields = { channel: 'sms-1708', from: '+6281200000009', text: 'Halo' };
  const answer = await client.form('/simulator/messages', fields, { 'hx-request': 'true' });
  expect(answer.status).toBe(200);
  expect(answer.text).toMatch(/^<div class="sim-messages"/);
});

test('the number of the citizen can be changed and is remembered', async () => {
  const client = httpClient(app.url);
  await client.get('/simulator');
  await client.form('/simulator/citizen', { channel: 'sms-1708', look: 'phone', from: '+6281200000044' });
  expect((await client.get('/simulator')).text).toContain('+6281200000044');
});

test('faults are switched on and off', async () => {
  const client = httpClient(app.url);
  await client.get('/simulator');
  await client.form('/simulator/faults', { kind: 'sms', fault: 'http-429', times: '3' });
  expect(part.activeFaults()).toEqual({ 'http-429': 3 });
  expect((await client.get('/simulator')).text).toContain('aktif, 3 kali lagi');
  await client.form('/simulator/faults', { kind: 'sms', fault: 'http-429', times: '0' });
  expect(part.activeFaults()).toEqual({});
  for (const wrong of [
    { kind: 'sms', fault: 'none', times: '1' },
    { kind: 'x', fault: 'http-429', times: '1' },
  ]) {
    expect((await client.form('/simulator/faults', wrong)).status).toBe(404);
  }
  expect(
    (await client.form('/simulator/faults', { kind: 'sms', fault: 'http-429', times: '-1' })).status,
  ).toBe(400);
});

test('the provider answers in its own wire format, body and target untouched', async () => {
  const address = `${app.url}/simulator/sms/twilio/2010-04-01/Accounts/${SID}/Messages.json`;
  const authorization = `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`;
  const response = await fetch(address, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'From=1708&To=%2B6281200000001&Body=Terima+kasih',
  });
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ to: '+6281200000001', body: 'Terima kasih' });
  const { text } = await httpClient(app.url).get(
    '/simulator/conversation?channel=sms-1708&from=%2B6281200000001',
  );
  expect(text).toContain('Terima kasih');
  expect((await fetch(address, { method: 'POST' })).status).toBe(401);
  expect((await fetch(`${app.url}/simulator/none/x`)).status).toBe(404);
});
