import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createAccount, verifyLogin } from '../../src/http/auth/accounts.js';
import {
  bootstrapApiKey,
  createApiKey,
  createApiKeyVerifier,
  listApiKeys,
  revokeApiKey,
} from '../../src/http/auth/api-keys.js';
import { isCsrfToken, makeCsrfToken } from '../../src/http/auth/csrf.js';
import { PASSWORD, startHttpApp, type HttpApp } from '../support/http-app.js';
import { httpClient, logIn } from '../support/http-client.js';

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp();
});
afterAll(() => app.close());

describe('API keys', () => {
  test('a key is shown once, stored as a hash, and works until it is revoked', async () => {
    const db = app.store.services.database;
    const key = await createApiKey(db, { role: 'liaison', opdId: 'dinas-pupr', name: 'jembatan' });
    expect(key).toMatch(/^tbk_[\w-]{43}$/);
    const { rows } = await db.pool.query<{ row: string }>('SELECT api_key::text AS row FROM api_key');
    expect(rows.map(({ row }) => row).join()).not.toContain(key.slice(4));
    const verifier = createApiKeyVerifier(db, 0);
    const principal = await verifier.verify(key);
    expect(principal).toMatchObject({ role: 'liaison', opd: 'dinas-pupr', name: 'jembatan' });
    expect(await verifier.verify(`${key}x`)).toBeNull();
    const [id] = (await listApiKeys(db)).filter((one) => one.name === 'jembatan').map((one) => one.id);
    expect(await revokeApiKey(db, id ?? '')).toBe(true);
    expect(await revokeApiKey(db, id ?? '')).toBe(false);
    expect(await verifier.verify(key)).toBeNull();
  });

  test('a liaison key without an OPD, or another with one, is refused', async () => {
    const db = app.store.services.database;
    await expect(createApiKey(db, { role: 'liaison' })).rejects.toThrow('OPD');
    await expect(createApiKey(db, { role: 'viewer', opdId: 'dinas-pupr' })).rejects.toThrow('OPD');
  });

  test('the bootstrap key is made only where there is none', async () => {
    expect(await bootstrapApiKey(app.store.services.database, 'bootstrap-key-of-a-test')).toBe(false);
    expect(
      await createApiKeyVerifier(app.store.services.database).verify('bootstrap-key-of-a-test'),
    ).toBeNull();
  });

  test('without a key 401 and WWW-Authenticate, with a wrong one too', async () => {
    const none = await fetch(`${app.url}/api/v1/opds`);
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(none.headers.get('content-type')).toBe('application/problem+json');
    const wrong = await fetch(`${app.url}/api/v1/opds`, { headers: { authorization: 'Bearer tbk_wrong' } });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toContain('invalid_token');
  });
});

describe('accounts', () => {
  test('passwords are argon2id and compared with the address in any case', async () => {
    const db = app.store.services.database;
    const email = await app.account('super_admin');
    const { rows } = await db.pool.query<{ hash: string }>(
      'SELECT password_hash AS hash FROM account WHERE email = $1',
      [email],
    );
    expect(rows[0]?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verifyLogin(db, ` ${email.toUpperCase()} `, PASSWORD)).toMatchObject({
      role: 'super_admin',
    });
    expect(await verifyLogin(db, email, `${PASSWORD}x`)).toBeNull();
    expect(await verifyLogin(db, 'nobody@ambon.example', PASSWORD)).toBeNull();
    await db.pool.query('UPDATE account SET disabled_at = now() WHERE email = $1', [email]);
    expect(await verifyLogin(db, email, PASSWORD)).toBeNull();
  });

  test('a short password, a second account of one address, a liaison without OPD are refused with a remedy', async () => {
    const db = app.store.services.database;
    const base = { email: 'dua@ambon.example', name: 'Dua', password: PASSWORD, role: 'operator' } as const;
    await expect(createAccount(db, { ...base, password: 'pendek' })).rejects.toMatchObject({
      code: 'password_length',
    });
    await createAccount(db, base);
    await expect(createAccount(db, { ...base, email: 'DUA@ambon.example' })).rejects.toMatchObject({
      code: 'account_exists',
    });
    await expect(
      createAccount(db, { ...base, email: 'tiga@ambon.example', role: 'liaison' }),
    ).rejects.toMatchObject({
      code: 'account_opd',
    });
  });
});

describe('sessions', () => {
  test('login, a cookie that scripts cannot read, logout', async () => {
    const email = await app.account('super_admin');
    const client = httpClient(app.url);
    const away = await client.get('/console?status=received');
    expect(away.status).toBe(303);
    expect(away.headers.get('location')).toBe('/console/login?next=%2Fconsole%3Fstatus%3Dreceived');
    await client.get('/console/login?next=%2Fconsole%3Fstatus%3Dreceived');
    const next = '/console?status=received';
    const answer = await client.form('/console/login', { email, password: PASSWORD, next });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(next);
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith('tabea='));
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Lax');
    const token = client.cookies().get('tabea') ?? '';
    const { rows } = await app.store.services.database.pool.query<{ row: string }>(
      'SELECT session::text AS row FROM session',
    );
    expect(rows.map(({ row }) => row).join()).not.toContain(token);
    expect((await client.get('/console')).status).toBe(200);

    expect((await client.form('/console/logout', {})).status).toBe(303);
    client.setCookie('tabea', token);
    expect((await client.get('/console')).status).toBe(303);
  });

  test('a login never leads to another host', async () => {
    const email = await app.account('super_admin');
    for (const next of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
    ]) {
      const client = httpClient(app.url);
      await client.get('/console/login');
      const answer = await client.form('/console/login', { email, password: PASSWORD, next });
      expect(answer.headers.get('location')).toBe('/console');
    }
  });

  test('each login makes a new session and ends the one before it', async () => {
    const email = await app.account('super_admin');
    const client = await logIn(app.url, email, PASSWORD);
    const first = client.cookies().get('tabea') ?? '';
    await client.get('/console/login');
    await client.form('/console/login', { email, password: PASSWORD });
    expect(client.cookies().get('tabea')).not.toBe(first);
    const other = httpClient(app.url);
    other.setCookie('tabea', first);
    expect((await other.get('/console')).status).toBe(303);
  });

  test('a session ends after two idle hours, and after a day of work in any case', async () => {
    const email = await app.account('super_admin');
    const begin = app.store.now;
    const at = (minutes: number) => {
      app.store.now = new Date(begin.getTime() + minutes * 60_000);
    };
    const idle = await logIn(app.url, email, PASSWORD);
    at(119);
    expect((await idle.get('/console')).status).toBe(200);
    at(119 + 121);
    expect((await idle.get('/console')).status).toBe(303);

    at(0);
    const busy = await logIn(app.url, email, PASSWORD);
    for (let minutes = 60; minutes < 12 * 60; minutes += 60) {
      at(minutes);
      expect((await busy.get('/console')).status).toBe(200);
    }
    at(12 * 60 + 1);
    expect((await busy.get('/console')).status).toBe(303);
    app.store.now = begin;
  });

  test('a disabled account is out at once', async () => {
    const email = await app.account('super_admin');
    const client = await logIn(app.url, email, PASSWORD);
    await app.store.services.database.pool.query('UPDATE account SET disabled_at = now() WHERE email = $1', [
      email,
    ]);
    expect((await client.get('/console')).status).toBe(303);
  });
});

describe('guessing passwords', () => {
  test('the sixth attempt on an account is refused, even with the right password; others still get in', async () => {
    const victim = await app.account('super_admin');
    const other = await app.account('super_admin');
    const client = httpClient(app.url);
    await client.get('/console/login');
    for (let attempt = 0; attempt < 5; attempt++) {
      expect((await client.form('/console/login', { email: victim, password: 'salah' })).status).toBe(401);
    }
    const refused = await client.form('/console/login', { email: victim.toUpperCase(), password: PASSWORD });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expect(refused.text).toContain('Terlalu banyak percobaan');
    expect((await client.form('/console/login', { email: other, password: PASSWORD })).status).toBe(303);
  });
});

describe('CSRF', () => {
  test('a form without the token, with one of another browser, or from another site is refused', async () => {
    const email = await app.account('super_admin');
    const stranger = httpClient(app.url);
    await stranger.get('/console/login');
    const foreign = /value="([\w-]+\.[\w-]+)"/.exec((await stranger.get('/console/login')).text)?.[1] ?? '';
    const client = await logIn(app.url, email, PASSWORD);
    expect((await client.form('/console/logout', { _csrf: '' })).status).toBe(403);
    expect((await client.form('/console/logout', { _csrf: foreign })).status).toBe(403);
    expect((await client.form('/console/logout', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await client.get('/console')).status).toBe(200);
    expect((await httpClient(app.url).form('/console/login', { email, password: PASSWORD })).status).toBe(
      403,
    );
  });

  test('tokens differ from page to page and belong to one secret', () => {
    const token = makeCsrfToken('secret');
    expect(makeCsrfToken('secret')).not.toBe(token);
    expect(isCsrfToken('secret', token)).toBe(true);
    expect(isCsrfToken('other', token)).toBe(false);
    for (const wrong of ['', '.', token.slice(0, -1), `${token}x`, undefined, [token], token.split('.')[1]]) {
      expect(isCsrfToken('secret', wrong)).toBe(false);
    }
  });
});
