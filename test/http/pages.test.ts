import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TEXT_KEYS } from '../../src/http/web/text-keys.js';
import { speak } from '../../src/http/web/texts.js';
import { localPath } from '../../src/http/web/local-path.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { httpClient, logIn } from '../support/http-client.js';

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp();
});
afterAll(() => app.close());

describe('every answer', () => {
  test('carries a strict policy, no inline script or style, and nothing of another host', async () => {
    const client = await logIn(app.url, await app.account('super_admin'), PASSWORD);
    for (const path of ['/', '/lacak', '/api/docs', '/console/login', '/console', '/none']) {
      const { headers, text } = await client.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toContain('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
      expect(text).not.toMatch(/<script(?![^>]*\ssrc="\/assets\/)/);
      expect(text).not.toMatch(/\son\w+=|<style|\sstyle=/);
      expect(text).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//);
    }
  });

  test('cookies are Secure and HSTS is there where the public address is https', async () => {
    const secure = await startHttpApp({ deps: { publicUrl: 'https://tabea.example' } });
    try {
      const { headers } = await httpClient(secure.url).get('/console/login');
      expect(headers.get('strict-transport-security')).toContain('max-age=31536000');
      expect(headers.getSetCookie().join()).toContain('Secure');
    } finally {
      await secure.close();
    }
  });
});

describe('stylesheets and scripts', () => {
  test('are compressed, cached for ever, and light', async () => {
    const { text } = await httpClient(app.url).get('/console/login');
    const addresses = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(
      ([, address]) => address ?? '',
    );
    expect(addresses.length).toBeGreaterThan(2);
    let bytes = 0;
    for (const address of new Set(addresses)) {
      const answer = await fetch(app.url + address, { headers: { 'accept-encoding': 'br' } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-encoding')).toBe('br');
      expect(answer.headers.get('cache-control')).toContain('immutable');
      bytes += Number(answer.headers.get('content-length'));
    }
    expect(bytes).toBeLessThan(20_000);
    expect((await fetch(`${app.url}/assets/aaaaaaaaaaaa/tabler.css`)).status).toBe(404);
    expect((await fetch(`${app.url}/assets/x/..%2f..%2fpackage.json`)).status).toBe(404);
  });
});

describe('errors', () => {
  test('are pages for browsers and problem documents for programs', async () => {
    const page = await httpClient(app.url).get('/none');
    expect(page.status).toBe(404);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.text).toContain('Tidak ditemukan');
    const problem = await fetch(`${app.url}/none`);
    expect(problem.status).toBe(404);
    expect(problem.headers.get('content-type')).toBe('application/problem+json');
    expect(await problem.json()).toMatchObject({ status: 404, title: 'Not Found', instance: '/none' });
    const api = await httpClient(app.url).get('/api/v1/none');
    expect(api.headers.get('content-type')).toBe('application/problem+json');
  });

  test('an unknown query parameter is named', async () => {
    const answer = await httpClient(app.url).get('/lacak?number=1', { accept: 'application/json' });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ field: 'number' });
  });

  test('a failure inside tells nothing of it', async () => {
    const broken = await startHttpApp({
      deps: { readiness: () => Promise.reject(new Error('password=hunter2 at /secret/path')) },
    });
    try {
      const answer = await fetch(`${broken.url}/readyz`);
      expect(answer.status).toBe(500);
      expect(await answer.text()).not.toMatch(/hunter2|secret/);
    } finally {
      await broken.close();
    }
  });
});

describe('the start page', () => {
  test('sends nobody to a channel that is not served', async () => {
    const deaf = await startHttpApp({ deps: { adapters: new Map() } });
    const { text } = await httpClient(deaf.url).get('/');
    await deaf.close();
    expect(text).toContain('Cara menyampaikan laporan');
    expect(text).not.toContain('Rp 2.200 per pesan');
    expect(text).not.toContain('sesuai tarif operator');
  });

  test('names every enabled channel with its cost, and nothing of the demo', async () => {
    const { text } = await httpClient(app.url).get('/');
    for (const { enabled, label } of app.config.channels) expect(text.includes(label.id)).toBe(enabled);
    expect(text).toContain('Rp 2.200 per pesan');
    expect(text).toContain('Rp 350 per pesan');
    expect(text).toContain('sesuai tarif operator');
    expect(text).not.toContain('imulator');
    expect(text).not.toContain('demo');
  });

  test('speaks English when asked', async () => {
    const client = httpClient(app.url);
    await client.get('/');
    expect((await client.form('/language', { language: 'en', back: '/' })).headers.get('location')).toBe('/');
    const { text } = await client.get('/');
    expect(text).toContain('<html lang="en">');
    expect(text).toContain('Ways to report');
  });
});

describe('texts', () => {
  test('every key is used by the pages and there in both languages, and no other', () => {
    for (const language of ['id', 'en'] as const) {
      const there = app.config.messages[language].keys.filter((key) => key.startsWith('console.'));
      expect(there.sort()).toEqual(TEXT_KEYS.map((key) => `console.${key}`).sort());
    }
  });

  test('a code without words stays a code', () => {
    const say = speak(app.config.messages.id);
    expect(say.code('status', 'received')).toBe('Diterima');
    expect(say.code('event', 'something_new')).toBe('something_new');
  });

  test.each([
    ['/console?a=b', '/console?a=b'],
    ['//evil.example', '/x'],
    ['/\\evil.example', '/x'],
    ['/a\nb', '/x'],
    ['', '/x'],
  ])('a way back %j leads to %j', (path, wanted) => {
    expect(localPath(path, '/x')).toBe(wanted);
  });
});

describe('operating', () => {
  test('/healthz, /readyz, and /metrics for this machine', async () => {
    expect(await (await fetch(`${app.url}/healthz`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${app.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: 'ok', database: { state: 'ok' } });
    expect((await fetch(`${app.url}/metrics`)).status).toBe(200);
    const throughProxy = { 'x-forwarded-for': '203.0.113.9' };
    expect((await fetch(`${app.url}/metrics`, { headers: throughProxy })).status).toBe(401);
    const wrong = { ...throughProxy, authorization: `Bearer ${await app.key('operator')}` };
    expect((await fetch(`${app.url}/metrics`, { headers: wrong })).status).toBe(403);
    const right = { ...throughProxy, authorization: `Bearer ${await app.key('viewer')}` };
    expect((await fetch(`${app.url}/metrics`, { headers: right })).status).toBe(200);
  });
});
