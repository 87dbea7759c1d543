import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ANI, BUDI } from '../cases/support.js';
import { startHttpApp, type HttpApp } from '../support/http-app.js';

const anyObject = z.record(z.string(), z.unknown());
const CICI = { scheme: 'tel', value: '+6281200000003' };

let app: HttpApp;
let admin: string;
beforeAll(async () => {
  app = await startHttpApp();
  admin = await app.key('super_admin');
});
afterAll(() => app.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function call(
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${app.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: anyObject.parse(await response.json()),
  };
}

const act = (
  number: string,
  action: string,
  body: unknown = {},
  headers?: Record<string, string>,
  key = admin,
) => call(key, 'POST', `/cases/${number}/actions/${action}`, body, headers);

/** One digit mistyped: found out by the check digit. */
function mistype(number: string): string {
  return `${number.slice(0, 4)}${(Number(number[4]) + 1) % 10}${number.slice(5)}`;
}

describe('reading', () => {
  test('a case has the names of the contract, its messages, events, and its version as ETag', async () => {
    const number = await app.report('Lampu jalan padam di Batu Merah', ANI);
    const { status, headers, body } = await call(admin, 'GET', `/cases/${number}`);
    expect(status).toBe(200);
    expect(headers.get('etag')).toBe('"1"');
    expect(headers.get('content-type')).toContain('application/json');
    expect(body).toMatchObject({
      trackingNumber: number,
      type: 'complaint',
      status: 'received',
      channelId: 'sms-1708',
      confidentiality: 'public',
      text: 'Lampu jalan padam di Batu Merah',
      reporter: { phone: ANI.value },
      opd: null,
      place: null,
    });
    expect(body['createdAt']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+\+09:00$/);
    expect(body['messages']).toMatchObject([
      { direction: 'in', delivery: null, automated: false },
      { direction: 'out', delivery: 'pending', automated: true },
    ]);
    expect(body['events']).toMatchObject([{ seq: 1, kind: 'received', actor: 'reporter' }]);
  });

  test('a mistyped number is told apart from one that does not exist', async () => {
    const number = await app.report('Jalan rusak di Passo');
    const mistyped = await call(admin, 'GET', `/cases/${mistype(number)}`);
    expect(mistyped.status).toBe(404);
    expect(mistyped.headers.get('content-type')).toBe('application/problem+json');
    expect(mistyped.body['detail']).toContain('mistyped');
    const unknown = await call(admin, 'GET', '/cases/5724161382');
    expect(unknown.status).toBe(404);
    expect((await call(admin, 'GET', '/cases/abc')).body['type']).toContain('mistyped-number');
  });

  test('the list is filtered, searched and paged, newest first', async () => {
    const numbers: string[] = [];
    for (const street of ['Pattimura', 'Diponegoro', 'Sudirman']) {
      numbers.push(await app.report(`Pohon tumbang ${street}`));
    }
    const found = await call(admin, 'GET', '/cases?q=tumbang&limit=2');
    expect(found.body['items']).toMatchObject([
      { trackingNumber: numbers[2] },
      { trackingNumber: numbers[1] },
    ]);
    const rest = await call(
      admin,
      'GET',
      `/cases?q=tumbang&limit=2&cursor=${String(found.body['nextCursor'])}`,
    );
    expect(rest.body).toMatchObject({ items: [{ trackingNumber: numbers[0] }], nextCursor: null });
    const byNumber = await call(admin, 'GET', `/cases?q=${numbers[1]}`);
    expect(byNumber.body).toMatchObject({ items: [{ trackingNumber: numbers[1] }] });
    expect((await call(admin, 'GET', '/cases?q=tumbang&status=closed')).body['items']).toEqual([]);
    expect((await call(admin, 'GET', '/cases?q=tumbang&channel=email')).body['items']).toEqual([]);
  });

  test.each([
    ['unknown=1', 'unknown'],
    ['limit=0', 'limit'],
    ['limit=1000', 'limit'],
    ['limit=x', 'limit'],
    ['status=gone', 'status'],
    ['cursor=zz', 'cursor'],
    ['q=a&q=b', 'q'],
  ])('?%s is refused, naming it', async (query, field) => {
    const { status, body } = await call(admin, 'GET', `/cases?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ status: 400, field });
  });

  test('OPDs by id and name', async () => {
    const { body } = await call(admin, 'GET', '/opds');
    expect(body['items']).toContainEqual({ id: 'dinas-kesehatan', name: 'Dinas Kesehatan' });
  });
});

describe('moving', () => {
  test('the whole way of a case', async () => {
    const number = await app.report('Sampah menumpuk di Mardika');
    expect((await act(number, 'verify')).body['status']).toBe('verified');
    expect((await act(number, 'dispose', { opd: 'dinas-lingkungan-hidup' })).body).toMatchObject({
      status: 'dispositioned',
      opd: 'dinas-lingkungan-hidup',
    });
    const liaison = await app.key('liaison', 'dinas-lingkungan-hidup');
    expect((await act(number, 'accept', undefined, {}, liaison)).body['status']).toBe('in_progress');
    const answered = await act(number, 'respond', { reply: 'Sudah diangkut.' }, {}, liaison);
    expect(answered.body['status']).toBe('responded');
    expect(answered.body['messages']).toContainEqual(
      expect.objectContaining({
        direction: 'out',
        automated: false,
        text: expect.stringContaining('Sudah diangkut.'),
      }),
    );
    expect((await act(number, 'close')).body['status']).toBe('closed');
    expect((await act(number, 'archive')).body['status']).toBe('archived');
  });

  test('what the table does not allow is 409, a missing field 422 naming it, an unknown action 404', async () => {
    const number = await app.report('Selokan tersumbat di Waihaong');
    const refused = await act(number, 'close');
    expect(refused.status).toBe(409);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await act(number, 'reject')).toMatchObject({ status: 422, body: { field: 'note' } });
    expect(await act(number, 'reject', { note: '  ' })).toMatchObject({
      status: 422,
      body: { field: 'note' },
    });
    expect((await act(number, 'explode')).status).toBe(404);
    await act(number, 'verify');
    expect(await act(number, 'dispose', { opd: 'nowhere' })).toMatchObject({
      status: 422,
      body: { field: 'opd' },
    });
    expect(await act(number, 'dispose', { opd: 'bpbd', extra: 1 })).toMatchObject({
      status: 422,
      body: { field: 'extra' },
    });
    expect((await call(admin, 'GET', `/cases/${number}`)).body['status']).toBe('verified');
  });

  test('If-Match keeps one from overwriting what he has not seen', async () => {
    const number = await app.report('Lampu merah mati di Tugu Trikora');
    const seen = (await call(admin, 'GET', `/cases/${number}`)).headers.get('etag') ?? '';
    expect((await act(number, 'verify', {}, { 'if-match': seen })).status).toBe(200);
    const stale = await act(number, 'reject', { note: 'Ganda' }, { 'if-match': seen });
    expect(stale.status).toBe(412);
    expect(stale.headers.get('content-type')).toBe('application/problem+json');
    expect((await act(number, 'reject', { note: 'Ganda' }, { 'if-match': 'W/"2"' })).status).toBe(412);
    expect((await act(number, 'reject', { note: 'Ganda' }, { 'if-match': '"7", "2"' })).status).toBe(200);
    expect((await act(number, 'archive', {}, { 'if-match': '*' })).status).toBe(200);
  });

  test('two at once: one wins', async () => {
    const number = await app.report('Parkir liar di Ahusen');
    const both = await Promise.all([1, 2].map(() => act(number, 'verify', {}, { 'if-match': '"1"' })));
    expect(both.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 412]);
  });

  test('a body is optional where nothing is needed, and must be JSON where there is one', async () => {
    const number = await app.report('Trotoar rusak di Uritetu');
    expect((await act(number, 'verify', '{"note":')).status).toBe(400);
    expect((await act(number, 'verify', 'note=x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await act(number, 'verify', { note: 'x'.repeat(34_000_000) })).status).toBe(413);
    expect((await call(admin, 'POST', `/cases/${number}/actions/verify`)).status).toBe(200);
  });
});

describe('entering by hand', () => {
  const entry = {
    channelId: 'call-center',
    type: 'information',
    reporter: { name: 'Ibu Contoh', phone: '+6281200000077', email: null, address: 'Jl. Contoh 1' },
    text: 'Kapan puskesmas buka?',
    place: 'Passo',
    occurredAt: '2026-11-20T08:00:00+09:00',
    submittedAt: '2026-11-23T09:30:00+09:00',
    confidentiality: 'anonymous',
    attachments: [{ name: 'surat.txt', contentType: 'text/plain', base64: 'aGFsbw==' }],
  };

  test('opens a case', async () => {
    const { status, headers, body } = await call(admin, 'POST', '/cases', entry);
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/api/v1/cases/${String(body['trackingNumber'])}`);
    expect(body).toMatchObject({
      channelId: 'call-center',
      type: 'information',
      confidentiality: 'anonymous',
      place: 'Passo',
      reporter: null,
      messages: [
        { direction: 'in', attachments: [{ name: 'lampiran-1.txt', contentType: 'text/plain', size: 4 }] },
      ],
    });
  });

  test('characters that PostgreSQL cannot hold are written otherwise, not refused', async () => {
    const { status, body } = await call(admin, 'POST', '/cases', {
      channelId: 'walk-in',
      text: 'Lampu\0padam',
      place: 'Batu\0Merah \ud800',
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ text: 'Lampu\u2400padam', place: 'Batu\u2400Merah \ufffd' });
    expect((await call(admin, 'GET', '/cases?q=%00')).status).toBe(200);
  });

  test('only channel and text are demanded', async () => {
    const { status, body } = await call(admin, 'POST', '/cases', {
      channelId: 'complaint-box',
      text: 'Tanpa nama',
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ type: 'complaint', confidentiality: 'public', reporter: null });
  });

  test('the same Idempotency-Key opens one case, with another request it is refused', async () => {
    const key = { 'idempotency-key': 'kotak-17' };
    const both = await Promise.all([1, 2].map(() => call(admin, 'POST', '/cases', entry, key)));
    const again = await call(admin, 'POST', '/cases', entry, key);
    const numbers = new Set([...both, again].map(({ body }) => body['trackingNumber']));
    expect([...both, again].map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(numbers.size).toBe(1);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await call(admin, 'POST', '/cases', { ...entry, text: 'Lain' }, key);
    expect(other).toMatchObject({ status: 422, body: { field: 'Idempotency-Key' } });
  });

  test.each([
    [{ text: 'x' }, 'channelId'],
    [{ channelId: 'call-center' }, 'text'],
    [{ channelId: 'call-center', text: '  ' }, 'text'],
    [{ channelId: 'nowhere', text: 'x' }, 'channelId'],
    [{ channelId: 'call-center', text: 'x', type: 'joke' }, 'type'],
    [{ channelId: 'call-center', text: 'x', submittedAt: 'yesterday' }, 'submittedAt'],
    [{ channelId: 'call-center', text: 'x', more: 1 }, 'more'],
    [{ channelId: 'call-center', text: 'x', reporter: { age: 1 } }, 'reporter.age'],
  ])('%j is refused, naming %s', async (body, field) => {
    expect(await call(admin, 'POST', '/cases', body)).toMatchObject({ status: 422, body: { field } });
  });

  test('an operator sees what he entered and nothing else; a viewer enters nothing', async () => {
    const operator = await app.key('operator');
    const { body } = await call(operator, 'POST', '/cases', { channelId: 'walk-in', text: 'Di loket' });
    const other = await app.report('Jembatan goyang di Galala');
    expect((await call(operator, 'GET', `/cases/${String(body['trackingNumber'])}`)).status).toBe(200);
    expect((await call(operator, 'GET', `/cases/${other}`)).status).toBe(404);
    expect((await call(operator, 'GET', '/cases')).body['items']).toHaveLength(1);
    const viewer = await app.key('viewer');
    expect((await call(viewer, 'POST', '/cases', { channelId: 'walk-in', text: 'x' })).status).toBe(403);
    expect((await call(viewer, 'GET', '/cases')).body['items']).toEqual([]);
  });
});

describe('who may see and do what', () => {
  test('a liaison sees and moves the cases of his OPD only', async () => {
    const number = await app.report('Air PAM keruh di Karang Panjang');
    await act(number, 'verify');
    await act(number, 'dispose', { opd: 'dinas-kesehatan' });
    const own = await app.key('liaison', 'dinas-kesehatan');
    const foreign = await app.key('liaison', 'bpbd');
    expect((await call(own, 'GET', `/cases/${number}`)).status).toBe(200);
    expect((await call(foreign, 'GET', `/cases/${number}`)).status).toBe(404);
    expect((await act(number, 'accept', {}, {}, foreign)).status).toBe(404);
    expect((await call(foreign, 'GET', '/cases?opd=dinas-kesehatan')).body['items']).toEqual([]);
    expect((await act(number, 'accept', {}, {}, own)).status).toBe(200);
    const forbidden = await act(number, 'reject', { note: 'x' }, {}, own);
    expect([403, 409]).toContain(forbidden.status);
  });

  test('a role that may not make a move that the status allows gets 403', async () => {
    const number = await app.report('Bau limbah di Lateri');
    const supervisor = await app.key('supervisor');
    expect((await act(number, 'verify', {}, {}, supervisor)).status).toBe(403);
  });

  test('the identity of an anonymous reporter is in no answer, of a secret one not in his department', async () => {
    const anonymous = await app.report('ANONIM pungutan liar di sekolah', BUDI);
    const answer = await call(admin, 'GET', `/cases/${anonymous}`);
    expect(answer.body).toMatchObject({ confidentiality: 'anonymous', reporter: null });
    expect(JSON.stringify(answer.body)).not.toContain(BUDI.value);
    const secret = await app.report('RAHASIA suap di kantor', CICI);
    await act(secret, 'verify');
    await act(secret, 'dispose', { opd: 'satpol-pp' });
    const liaison = await app.key('liaison', 'satpol-pp');
    const seen = await call(liaison, 'GET', `/cases/${secret}`);
    expect(seen.body).toMatchObject({ confidentiality: 'secret', reporter: null });
    expect(JSON.stringify(seen.body)).not.toContain(CICI.value);
  });
});

describe('the document', () => {
  test('is OpenAPI 3.1 and has every address of the API', async () => {
    const response = await fetch(`${app.url}/api/v1/openapi.json`);
    const shape = z.object({
      openapi: z.string(),
      paths: anyObject,
      components: z.object({ schemas: anyObject }),
    });
    const document = shape.parse(await response.json());
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(Object.keys(document.paths)).toEqual([
      '/api/v1/cases',
      '/api/v1/cases/{trackingNumber}',
      '/api/v1/cases/{trackingNumber}/actions/{action}',
      '/api/v1/cases/{trackingNumber}/messages/{messageId}/attachments/{index}',
      '/api/v1/cases/{trackingNumber}/messages/{messageId}/raw',
      '/api/v1/cases/{trackingNumber}/messages/{messageId}/conveyed',
      '/api/v1/opds',
    ]);
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Case', 'NewCase', 'Problem']),
    );
  });

  test('describes what is answered: a case fits its own schema', async () => {
    const { caseDetail, caseList } = await import('../../src/http/api/schemas.js');
    const number = await app.report('Halte rusak di Poka');
    expect(caseDetail.safeParse((await call(admin, 'GET', `/cases/${number}`)).body).error).toBeUndefined();
    expect(caseList.safeParse((await call(admin, 'GET', '/cases')).body).error).toBeUndefined();
  });

  test('has a reader', async () => {
    const response = await fetch(`${app.url}/api/docs`, { headers: { accept: 'text/html' } });
    const html = await response.text();
    expect(html).toContain('/api/v1/cases/{trackingNumber}/actions/{action}');
    expect(html).toContain('id="moveCase"');
  });
});
