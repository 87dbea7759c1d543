/** The first thing that sees a request, and the guards before each route. */
import { randomUUID } from 'node:crypto';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { ApiKeyVerifier } from '../auth/api-keys.js';
import { CSRF_FIELD, isCsrfToken } from '../auth/csrf.js';
import { makeToken } from '../auth/secret-token.js';
import type { Sessions } from '../auth/sessions.js';
import { storableText } from '../../intake/storable.js';
import { badRequest, forbidden, Problem } from '../problem.js';
import { readCookie } from './cookies.js';
import { readFormWithFiles } from './form-files.js';
import type { Access, BodyKind, Route } from './route.js';
import type { Language } from './texts.js';
import { setVisit, visitOf } from './visit.js';

export const LANGUAGE_COOKIE = 'tabea_lang';
const VISIT_COOKIE = 'tabea_visit';

/** Gives each request an id and a language; the id goes back in `x-request-id`. */
export function greet(): RequestHandler {
  return (request, response, next) => {
    const requestId = randomUUID();
    response.set('x-request-id', requestId);
    const language: Language = readCookie(request, LANGUAGE_COOKIE) === 'en' ? 'en' : 'id';
    setVisit(request, { requestId, language, principal: null, csrfSecret: '' });
    next();
  };
}

export interface Guards {
  readonly keys: ApiKeyVerifier;
  readonly sessions: Sessions;
  /** Cookies are marked Secure. */
  readonly secure: boolean;
}

/** All that stands before the handler of a route, in order: who asks, what he asks, what he sends. */
export function guardsOf(route: Route, guards: Guards): RequestHandler[] {
  return [
    authenticate(route.access, guards),
    ...(route.query === undefined ? [] : [knowsQuery(route.query)]),
    ...bodyReaders(route.body ?? 'none'),
    ...(route.body === 'form' || route.body === 'form-files' ? [checkCsrf] : []),
  ];
}

function authenticate(access: Access, guards: Guards): RequestHandler {
  return async (request, response, next) => {
    if (access === 'key') await demandKey(request, guards.keys);
    if (access === 'ops' && !isLoopback(request)) await demandKey(request, guards.keys);
    if (access === 'session') {
      if (!(await findSession(request, guards.sessions))) return toLogin(request, response);
    }
    if (access === 'visitor') visitOf(request).csrfSecret = visitSecret(request, response, guards.secure);
    next();
  };
}

async function demandKey(request: Request, keys: ApiKeyVerifier): Promise<void> {
  const [, key] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
  if (key === undefined) {
    throw new Problem(401, {
      code: 'unauthenticated',
      detail: 'This needs an API key: Authorization: Bearer KEY.',
      headers: { 'www-authenticate': 'Bearer realm="tabea"' },
    });
  }
  const principal = await keys.verify(key);
  if (principal === null) {
    throw new Problem(401, {
      code: 'unauthenticated',
      detail: 'The API key is unknown or revoked.',
      headers: { 'www-authenticate': 'Bearer realm="tabea", error="invalid_token"' },
    });
  }
  visitOf(request).principal = principal;
}

/** True for a connection from this machine that no proxy has passed on. */
function isLoopback(request: Request): boolean {
  const address = request.socket.remoteAddress ?? '';
  const direct = request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined;
  return direct && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(address);
}

async function findSession(request: Request, sessions: Sessions): Promise<boolean> {
  const session = await sessions.read(request);
  if (session === null) return false;
  visitOf(request).principal = session.principal;
  visitOf(request).csrfSecret = session.csrf;
  return true;
}

function toLogin(request: Request, response: Response): void {
  response.set('cache-control', 'no-store');
  if (
    request.headers['hx-request'] !== undefined ||
    request.headers.accept?.includes('text/event-stream') === true
  ) {
    // A fragment or a stream cannot show a login page: the script takes the whole page there.
    response.set('hx-redirect', '/console/login');
    response.status(401).end();
    return;
  }
  const next = request.method === 'GET' ? `?next=${encodeURIComponent(request.originalUrl)}` : '';
  response.redirect(303, `/console/login${next}`);
}

/** Forms before the login are tied to a random cookie of this browser. */
function visitSecret(request: Request, response: Response, secure: boolean): string {
  const known = readCookie(request, VISIT_COOKIE);
  if (known !== undefined && /^[\w-]{43}$/.test(known)) return known;
  const fresh = makeToken();
  response.cookie(VISIT_COOKIE, fresh, { httpOnly: true, sameSite: 'lax', secure, path: '/' });
  return fresh;
}

function knowsQuery(known: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    for (const [name, value] of Object.entries(request.query)) {
      if (!known.includes(name))
        throw badRequest(`The query parameter ${quote(name)} is not known here.`, name);
      if (typeof value !== 'string')
        throw badRequest(`The query parameter ${quote(name)} is given twice.`, name);
    }
    next();
  };
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 60));
}

const JSON_TYPES = ['application/json', 'application/*+json'];

function bodyReaders(kind: BodyKind): RequestHandler[] {
  switch (kind) {
    case 'json':
      return [demandJson, express.json({ limit: '256kb', type: JSON_TYPES })];
    case 'json-large':
      return [demandJson, express.json({ limit: '32mb', type: JSON_TYPES })];
    case 'form':
      return [express.urlencoded({ extended: false, limit: '256kb', parameterLimit: 100 })];
    case 'form-files':
      return [demandOwnSite, readFormWithFiles()];
    case 'raw':
      return [express.raw({ type: () => true, limit: '16mb', inflate: false })];
    case 'none':
      return [];
  }
}

function demandJson(request: Request, _response: Response, next: NextFunction): void {
  // Without a body nothing is there to misread; the schema then names what is missing.
  const empty =
    request.headers['transfer-encoding'] === undefined && Number(request.get('content-length') ?? 0) === 0;
  if (!empty && request.is(JSON_TYPES) === false) {
    throw new Problem(415, { code: 'media-type', detail: 'The body must be application/json.' });
  }
  next();
}

/** Before a large body is read. */
function demandOwnSite(request: Request, _response: Response, next: NextFunction): void {
  checkSite(request);
  next();
}

function checkSite(request: Request): void {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw forbidden('The form was sent from another site.');
  }
}

function checkCsrf(request: Request, _response: Response, next: NextFunction): void {
  checkSite(request);
  const body: unknown = request.body;
  const token =
    typeof body === 'object' && body !== null && CSRF_FIELD in body ? body[CSRF_FIELD] : undefined;
  if (!isCsrfToken(visitOf(request).csrfSecret, token))
    throw forbidden('The form has expired or is not ours.');
  next();
}

/** A text field of a form; '' where it is absent or given twice. */
export function formField(request: Request, name: string): string {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null) return '';
  const value: unknown = Reflect.get(body, name);
  // Nothing is refused for characters that PostgreSQL cannot hold (ADR 0006).
  return typeof value === 'string' ? storableText(value) : '';
}

/** A query parameter; undefined where it is absent or blank. */
export function queryField(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' && value.trim() !== '' ? storableText(value.trim()) : undefined;
}
