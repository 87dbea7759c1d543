import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { probeImap } from '../../../../adapters/email/imap/index.js';
import {
  describeWithDovecot,
  MAIL_PASSWORD,
  startDovecot,
  type TestDovecot,
} from '../../../support/dovecot.js';
import { serve, type Stand } from '../../../support/stand.js';
import {
  drained,
  mail,
  mails,
  numbered,
  realClock,
  recordingSink,
  running,
  settingsFor,
  sourceFor,
  sourcesFor,
} from './helpers.js';
import { startPlayedImap, type PlayedImap } from './played-imap.js';

const NOW = Date.parse('2026-11-23T01:00:00Z');
const never = new AbortController().signal;

function told(error: unknown): string {
  return error instanceof Error ? `${error.message} ${String(error.stack)} ${JSON.stringify(error)}` : '';
}

describeWithDovecot('logging in to a mailbox', () => {
  let dovecot: TestDovecot;

  beforeAll(async () => {
    dovecot = await startDovecot();
    dovecot.deliver('warga', mails(1, 2));
  });
  afterAll(async () => {
    await dovecot.remove();
  });

  test('a wrong password is a matter of configuration, told with the remedy and without secrets', async () => {
    const url = `imap://warga:salah-sekali@127.0.0.1:${dovecot.imapPort}`;
    const failure = await running(sourceFor(url), recordingSink()).failure();
    expect(failure).toMatchObject({ code: 'config', retry: 'never', providerCode: 'AUTHENTICATIONFAILED' });
    expect(told(failure)).toMatch(/app password or OAuth2/);
    expect(told(failure)).not.toMatch(/salah|warga/);
    const health = await probeImap(settingsFor(url), { clock: realClock }, never);
    expect(health.state).toBe('down');
    expect(health.detail).toMatch(/app password or OAuth2/);
  });

  test('a certificate that nobody vouches for is refused', async () => {
    const url = `imaps://warga:${MAIL_PASSWORD}@localhost:${dovecot.imapsPort}`;
    const failure = await running(sourceFor(url), recordingSink()).failure();
    expect(failure).toMatchObject({ code: 'config', retry: 'backoff' });
    expect(told(failure)).toMatch(/certificate is not trusted/);
    const sink = recordingSink();
    await drained(sourceFor(url, { since: '2026-01-01' }, { tls: { ca: dovecot.ca } }), sink, 2);
    expect(sink.items).toHaveLength(2);
  });

  test('a certificate for another name is refused', async () => {
    const url = `imaps://warga:${MAIL_PASSWORD}@127.0.0.1:${dovecot.imapsPort}`;
    const failure = await running(sourceFor(url, {}, { tls: { ca: dovecot.ca } }), recordingSink()).failure();
    expect(failure).toMatchObject({ code: 'config', providerCode: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('the probe finds folders, names those that are missing, and is patient with a server that is away', async () => {
    const probe = (more: object, url = dovecot.url('warga')) =>
      probeImap(settingsFor(url, more), { clock: realClock }, never);
    expect(await probe({})).toMatchObject({ state: 'ok' });
    const missing = await probe({ folders: ['INBOX', 'Aduan'], sentFolder: 'Terkirim' });
    expect(missing.state).toBe('down');
    expect(missing.detail).toContain('“Aduan”, “Terkirim”');
    const away = await probe({}, 'imap://warga:x@127.0.0.1:1');
    expect(away).toMatchObject({ state: 'degraded', detail: expect.stringContaining('ECONNREFUSED') });
  });

  test('a folder that is not there is a matter of configuration', async () => {
    const failure = await running(
      sourceFor(dovecot.url('warga'), { folders: ['Tidak Ada'] }),
      recordingSink(),
    ).failure();
    expect(failure).toMatchObject({ code: 'config' });
    expect(told(failure)).toMatch(/folder is not there/);
  });

  test('names are stable and tell nobody who it is; what cannot be used is told at once', () => {
    const url = 'imaps://aduan%40ambon.example:p%40ss@imap.example';
    const [first, again] = [sourceFor(url).name, sourceFor(url.replace('p%40ss', 'lain')).name];
    expect(first).toBe(again);
    expect(first).toMatch(/^imap-[0-9a-f]{10}\/INBOX$/);
    expect(sourceFor(url.replace('aduan', 'kota')).name).not.toBe(first);
    for (const bad of ['imaps://imap.example', 'imaps://aduan@imap.example', 'imaps://a%ZZ:b@imap.example']) {
      expect(() => sourcesFor(bad)).toThrow(expect.objectContaining({ code: 'config' }));
    }
  });
});

describe('access tokens', () => {
  let imap: PlayedImap;
  let tokenServer: Stand;
  let issued = 0;
  let refuse: { status: number; body: string } | undefined;

  const start = async (valid: (token: string) => boolean) => {
    issued = 0;
    refuse = undefined;
    imap = await startPlayedImap({ valid });
    imap.mails.push({ uid: 1, gmailId: '1733990000000000001', raw: mail(1) });
    tokenServer = await serve(() => {
      if (refuse) return { ...refuse, headers: { 'content-type': 'application/json' } };
      issued += 1;
      const body = JSON.stringify({ access_token: `t${issued}`, expires_in: 3600, token_type: 'Bearer' });
      return { status: 200, headers: { 'content-type': 'application/json' }, body };
    });
    const oauth2 = {
      tokenUrl: `${tokenServer.url}/token`,
      clientId: 'client',
      clientSecret: 'client-rahasia',
      refreshToken: 'refresh-rahasia',
    };
    return sourcesFor(`imap://aduan%40ambon.example@127.0.0.1:${imap.port}`, { since: '2026-01-01', oauth2 });
  };
  afterEach(async () => {
    await imap.close();
    await tokenServer.close();
  });

  test('are exchanged once, kept, and Gmail’s id is passed on', async () => {
    const [source] = await start(() => true);
    if (source === undefined) throw new Error('no source');
    const sink = recordingSink();
    await drained(source, sink, 1);
    await drained(source, recordingSink(), 1);
    expect(imap.tokens).toEqual(['t1', 't1']);
    expect(sink.ids()).toEqual(['gm:1733990000000000001']);
    expect(sink.items[0]?.request.headers).toMatchObject({ 'x-tabea-gmail-id': '1733990000000000001' });
    const form = new URLSearchParams(tokenServer.requests[0]?.body.toString());
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-rahasia',
      client_id: 'client',
    });
  });

  test('one that is refused is renewed once', async () => {
    const [source] = await start((token) => token !== 't1');
    if (source === undefined) throw new Error('no source');
    const sink = recordingSink();
    await drained(source, sink, 1);
    expect(imap.tokens).toEqual(['t1', 't2']);
    expect(numbered(sink.ids())).toHaveLength(1);
  });

  test('where none is taken a person must act', async () => {
    const [source] = await start(() => false);
    if (source === undefined) throw new Error('no source');
    const failure = await running(source, recordingSink()).failure();
    expect(failure).toMatchObject({ code: 'config', retry: 'never' });
    expect(imap.tokens).toEqual(['t1', 't2']);
    expect(told(failure)).not.toMatch(/rahasia|t1|ambon/);
  });

  test('a refresh token that has run out is told with the remedy; a fault of the token server is waited out', async () => {
    const [source] = await start(() => true);
    if (source === undefined) throw new Error('no source');
    refuse = { status: 400, body: '{"error":"invalid_grant","error_description":"rahasia"}' };
    const gone = await running(source, recordingSink()).failure();
    expect(gone).toMatchObject({ code: 'config', providerCode: 'invalid_grant' });
    expect(told(gone)).toMatch(/consent again/);
    expect(told(gone)).not.toMatch(/rahasia/);
    refuse = { status: 503, body: 'busy' };
    expect(await running(source, recordingSink()).failure()).toMatchObject({ code: 'connection' });
    refuse = undefined;
    const sink = recordingSink();
    await drained(source, sink, 1);
  });
});

describe('a server that fails at one mail', () => {
  test.each([
    ['refuses it', { refused: [3] }],
    ['breaks the connection over it', { poison: [3] }],
  ])('%s: in the end it is left to a person, and the others go on', async (_what, options) => {
    const imap = await startPlayedImap(options);
    for (let uid = 1; uid <= 6; uid += 1) imap.mails.push({ uid, raw: mail(uid) });
    let minutes = 0;
    const clock = { now: () => new Date(NOW + minutes * 60_000) };
    const url = `imap://warga:x@127.0.0.1:${imap.port}`;
    const source = sourceFor(url, { since: '2026-01-01' }, { clock });
    const sink = recordingSink();
    let failures = 0;
    for (; sink.items.length < 6 && failures < 30; minutes += 1) {
      const run = running(source, sink);
      const failure = await run.until(6);
      if (failure === undefined) await run.stop();
      else failures += 1;
    }
    // Only after a quarter of an hour: a server that is merely having a bad time costs no mail.
    expect(failures).toBeGreaterThanOrEqual(15);
    expect(numbered(sink.ids())).toEqual(['m1', 'm2', 'm4', 'm5', 'm6']);
    expect(sink.reasons()).toEqual([expect.stringMatching(/^unavailable: /)]);
    expect(sink.items[2]?.request.target).toContain('uid=3');
    await imap.close();
  });

  test('no password goes unencrypted to another machine', async () => {
    const imap = await startPlayedImap();
    // This machine, but by an address that does not look like it; the server offers no STARTTLS.
    const url = `imap://warga:x@[::ffff:127.0.0.1]:${imap.port}`;
    const failure = await running(sourceFor(url), recordingSink()).failure();
    expect(failure).toMatchObject({ code: 'config', message: expect.stringContaining('no safe connection') });
    expect(imap.logins()).toBe(0);
    await running(sourceFor(`imap://warga:x@127.0.0.1:${imap.port}`), recordingSink()).stop();
    await imap.close();
  });

  test.each([
    ['NO [AUTHENTICATIONFAILED] Invalid credentials', 'config'],
    ['NO [ALERT] Application-specific password required', 'config'],
    ['NO [UNAVAILABLE] Temporary authentication failure', 'connection'],
    ['NO [ALERT] Too many simultaneous connections. (Failure)', 'throttled'],
    ['NO [LIMIT] quota', 'throttled'],
  ])('login answered %s: %s', async (refuseLogin, code) => {
    const imap = await startPlayedImap({ refuseLogin });
    const failure = await running(
      sourceFor(`imap://warga:x@127.0.0.1:${imap.port}`),
      recordingSink(),
    ).failure();
    expect(failure).toMatchObject({ code });
    await imap.close();
  });
});
