import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sms as smsKind } from '../../adapters/sms/index.js';
import { ANI, sms } from '../cases/support.js';
import { ingestBatch } from '../../src/cases/ingest.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { httpClient, logIn, type HttpClient } from '../support/http-client.js';

const XSS = '<img src=x onerror=alert(1)> "\'<script>alert(2)</script>';

let app: HttpApp;
let admin: HttpClient;
beforeAll(async () => {
  const silent = () => undefined;
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const settings = smsKind.settings.parse({
    provider: 'twilio',
    twilio: { accountSid: `AC${'0'.repeat(32)}`, authToken: '0'.repeat(32), apiUrl: 'http://127.0.0.1:9' },
  });
  const adapter = smsKind.create(settings, {
    channelId: 'sms-1708',
    address: '1708',
    publicUrl: 'http://tabea.example',
    replyCostIdr: 350,
    sign: () => 'f'.repeat(20),
    logger,
    clock: { now: () => new Date() },
  });
  app = await startHttpApp({ deps: { adapters: new Map([['sms-1708', adapter]]) } });
  admin = await logIn(app.url, await app.account('super_admin'), PASSWORD);
});
afterAll(() => app.close());

const versionIn = (html: string) => /name="version" value="(\d+)"/.exec(html)?.[1] ?? '';

async function act(client: HttpClient, number: string, action: string, fields: Record<string, string> = {}) {
  const page = await client.get(`/console/cases/${number}`);
  return await client.form(`/console/cases/${number}/actions/${action}`, {
    version: versionIn(page.text),
    do: 'move',
    ...fields,
  });
}

describe('the inbox', () => {
  test('an empty one teaches; a filter without a result says so', async () => {
    const empty = await startHttpApp();
    try {
      const client = await logIn(empty.url, await empty.account('super_admin'), PASSWORD);
      expect((await client.get('/console')).text).toContain('Belum ada laporan');
      expect((await client.get('/console?q=xyz')).text).toContain('Tidak ada yang cocok');
    } finally {
      await empty.close();
    }
  });

  test('shows cases, searches, pages, and goes straight to a pasted number', async () => {
    const numbers: string[] = [];
    for (let i = 0; i < 31; i++) numbers.push(await app.report(`Genangan air nomor ${i}`));
    const page = await admin.get('/console?q=genangan');
    expect(page.text).toContain(numbers[30]);
    expect(page.text).not.toContain(numbers[0]);
    const next = /rel="next" href="([^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect((await admin.get(next)).text).toContain(numbers[0]);
    const grouped = `${numbers[3]?.slice(0, 4)} ${numbers[3]?.slice(4)}`;
    const direct = await admin.get(`/console?q=${encodeURIComponent(grouped)}`);
    expect(direct.headers.get('location')).toBe(`/console/cases/${numbers[3]}`);
  });

  test('the fragment alone is what htmx fetches', async () => {
    const part = await admin.get('/console/cases?q=genangan');
    expect(part.text).toMatch(/^<section/);
    expect(part.text).not.toContain('<html');
  });
});

describe("citizens' words", () => {
  test('are text and never markup, in the list, in the case, in a kept draft and in the search box', async () => {
    const number = await app.report(`Longsor ${XSS}`);
    const pages = [
      await admin.get('/console?q=longsor'),
      await admin.get(`/console/cases/${number}`),
      await admin.get(`/console?q=${encodeURIComponent(XSS)}`),
      await act(admin, number, 'reject', { note: XSS, do: 'preview' }),
    ];
    for (const { text } of pages) {
      expect(text).toContain('&lt;img src=x onerror=alert(1)>');
      expect(text).not.toContain('<img src=x');
      expect(text).not.toContain('<script>');
    }
  });
});

describe('moving a case on', () => {
  test('the whole way with forms only', async () => {
    const number = await app.report('Jalan berlubang di Hative');
    const verified = await act(admin, number, 'verify');
    expect(verified.status).toBe(303);
    expect(verified.headers.get('location')).toBe(`/console/cases/${number}?done=verify`);
    expect((await admin.get(`/console/cases/${number}?done=verify`)).text).toContain(
      'Tersimpan: Verifikasi.',
    );
    await act(admin, number, 'dispose', { opd: 'dinas-pupr' });
    const liaison = await logIn(app.url, await app.account('liaison', 'dinas-pupr'), PASSWORD);
    expect((await liaison.get('/console')).text).toContain(number);
    expect((await act(liaison, number, 'accept')).status).toBe(303);
    expect(
      (await act(liaison, number, 'respond', { reply: 'Sudah ditambal.\r\nTerima kasih.' })).status,
    ).toBe(303);
    const { text } = await liaison.get(`/console/cases/${number}`);
    expect(text).toContain('Sudah ditambal.\nTerima kasih.');
    expect(text).toContain('Sudah ditanggapi');
  });

  test('only allowed moves are offered, and only to those who may', async () => {
    const number = await app.report('Rambu hilang di Tantui');
    const { text } = await admin.get(`/console/cases/${number}`);
    expect(text).toContain(`/console/cases/${number}/actions/verify`);
    expect(text).not.toContain(`/console/cases/${number}/actions/close`);
    const supervisor = await logIn(app.url, await app.account('supervisor'), PASSWORD);
    const seen = await supervisor.get(`/console/cases/${number}`);
    expect(seen.text).toContain('Tidak ada langkah untuk peran Anda');
    expect((await act(supervisor, number, 'verify', { version: '1' })).status).toBe(403);
  });

  test('a refusal is said, and what was typed is kept', async () => {
    const number = await app.report('Pasar kotor');
    await act(admin, number, 'verify');
    const answer = await act(admin, number, 'dispose', { opd: '' });
    expect(answer.status).toBe(422);
    expect(answer.text).toContain('Isian ini wajib');
    const gone = await act(admin, number, 'close', { note: 'Sudah selesai kemarin' });
    expect(gone.status).toBe(409);
    expect(gone.text).toContain('tidak berlaku untuk status');
  });

  test('two clerks never overwrite each other: the second is told and keeps his words', async () => {
    const number = await app.report('Pagar roboh di Skip');
    const second = await logIn(app.url, await app.account('super_admin'), PASSWORD);
    const stale = versionIn((await second.get(`/console/cases/${number}`)).text);
    await act(admin, number, 'verify');
    const fields = { version: stale, do: 'move', note: 'Alasan yang panjang sekali' };
    const conflict = await second.form(`/console/cases/${number}/actions/reject`, fields);
    expect(conflict.status).toBe(409);
    expect(conflict.text).toContain('baru saja diubah orang lain');
    expect(conflict.text).toContain('Alasan yang panjang sekali</textarea>');
    expect(versionIn(conflict.text)).not.toBe(stale);
    const again = await second.form(`/console/cases/${number}/actions/reject`, {
      ...fields,
      version: versionIn(conflict.text),
    });
    expect(again.status).toBe(303);
  });

  test('a preview shows what the reporter will read and what it costs, and sends nothing', async () => {
    const number = await app.report('Bau sampah di Nania');
    const preview = await act(admin, number, 'request-info', { note: 'Di RT berapa?', do: 'preview' });
    expect(preview.status).toBe(200);
    expect(preview.text).toContain(`Laporan ${number} perlu dilengkapi: Di RT berapa?`);
    expect(preview.text).toMatch(/1 pesan · GSM-7 · \d+ terpakai, sisa \d+ · Rp 350/);
    expect(preview.text).toContain('Di RT berapa?</textarea>');
    const part = await admin.form(`/console/cases/${number}/actions/request-info/preview`, {
      note: 'Kapan? 😀',
    });
    expect(part.text).toContain('UCS-2');
    expect(part.text).not.toContain('<html');
    expect((await admin.get(`/console/cases/${number}`)).text).toContain('>Diterima<');
    expect(await app.store.rows("SELECT 1 FROM outbox WHERE purpose = 'request_info'")).toEqual([]);
  });
});

describe('who may see what', () => {
  test('a liaison of another OPD finds nothing; an anonymous reporter stays hidden', async () => {
    const number = await app.report('ANONIM kebocoran gas', ANI);
    const { text } = await admin.get(`/console/cases/${number}`);
    expect(text).toContain('Identitas dilindungi');
    expect(text).not.toContain(ANI.value);
    const foreign = await logIn(app.url, await app.account('liaison', 'bpbd'), PASSWORD);
    for (const path of ['', '/live'])
      expect((await foreign.get(`/console/cases/${number}${path}`)).status).toBe(404);
    expect((await foreign.get(`/console/events?case=${number}`)).status).toBe(404);
    expect((await foreign.get('/console')).text).not.toContain(number);
    expect((await foreign.form(`/console/cases/${number}/actions/verify`, { version: '1' })).status).toBe(
      404,
    );
  });

  test('a mistyped number says that it is mistyped', async () => {
    const answer = await admin.get('/console/cases/1234567890');
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('salah ketik');
  });
});

describe('tracking', () => {
  test('shows the status and nothing else', async () => {
    const number = await app.report('RAHASIA korupsi di kantor desa');
    const { text } = await httpClient(app.url).get(`/lacak?nomor=${number.slice(0, 5)}-${number.slice(5)}`);
    expect(text).toContain('Diterima');
    expect(text).not.toContain('korupsi');
    expect((await httpClient(app.url).get('/lacak?nomor=1234567890')).text).toContain('salah ketik');
  });

  test('numbers cannot be walked through', async () => {
    const number = await app.report('Satu laporan');
    const statuses = new Set<number>();
    for (let i = 0; i < 25; i++)
      statuses.add((await httpClient(app.url).get(`/lacak?nomor=${number}`)).status);
    expect(statuses).toEqual(new Set([200, 429]));
  });
});

describe('live', () => {
  async function firstChange(path: string, cause: () => Promise<unknown>): Promise<string> {
    const cookie = [...admin.cookies()].map(([name, value]) => `${name}=${value}`).join('; ');
    const stop = new AbortController();
    const response = await fetch(app.url + path, { headers: { cookie }, signal: stop.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    let heard = '';
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const part of response.body ?? []) {
        heard += decoder.decode(part);
        if (heard.includes('event: changed')) return;
      }
    })().catch(() => undefined);
    await cause();
    await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 1_500))]);
    stop.abort();
    return heard;
  }

  test('the stream says that something changed, and no more', async () => {
    const heard = await firstChange('/console/events', () => app.report('Rahasia tersembunyi'));
    expect(heard).toContain('event: changed\ndata: 1\n');
    expect(heard).not.toContain('tersembunyi');
  });

  test('the stream of a case speaks of that case alone', async () => {
    const number = await app.report('Talud retak');
    const other = await app.report('Kabel putus');
    await new Promise((resolve) => setTimeout(resolve, 400));
    const path = `/console/events?case=${number}`;
    expect(await firstChange(path, () => act(admin, other, 'verify'))).not.toContain('changed');
    expect(await firstChange(path, () => act(admin, number, 'verify'))).toContain('changed');
  });

  test('without a session there is no stream', async () => {
    const response = await fetch(`${app.url}/console/events`, { headers: { accept: 'text/event-stream' } });
    expect(response.status).toBe(401);
  });

  test('a new message of the citizen shows in the part that is fetched', async () => {
    const from = { scheme: 'tel', value: '+6281200000055' };
    const number = await app.report('Air mati', from);
    await ingestBatch(app.store.services, await app.store.arrive(sms(from, 'Sudah tiga hari', 5)));
    const { text } = await admin.get(`/console/cases/${number}/live`);
    expect(text).toContain('Sudah tiga hari');
    expect(text).toMatch(/^<div id="case-live"/);
  });
});

test('why nobody was answered stands in the timeline, in both languages', async () => {
  const old = sms({ scheme: 'tel', value: '+6281200000099' }, 'Lampu mati sejak minggu lalu');
  const receivedAt = new Date(Date.parse(old.receivedAt) - 4 * 86_400_000).toISOString();
  await ingestBatch(app.store.services, await app.store.arrive({ ...old, receivedAt }));
  const [row] = await app.store.rows<{ tracking_number: string }>(
    'SELECT tracking_number FROM cases ORDER BY id DESC LIMIT 1',
  );
  const path = `/console/cases/${row?.tracking_number}`;
  expect((await admin.get(path)).text).toContain('pesannya tiba lebih dari tiga hari yang lalu');
  admin.setCookie('tabea_lang', 'en');
  expect((await admin.get(path)).text).toContain('the message arrived more than three days ago');
  admin.setCookie('tabea_lang', 'id');
});
