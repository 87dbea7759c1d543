/** Login, logout, language. */
import type { Request, Response } from 'express';
import { verifyLogin } from '../auth/accounts.js';
import { formField, LANGUAGE_COOKIE, queryField } from '../web/front.js';
import { localPath } from '../web/local-path.js';
import { frameOf, sendPage } from '../web/page.js';
import type { Route } from '../web/route.js';
import { frameBase, type Shared } from '../web/shared.js';
import { LoginPage } from './login-page.js';

const YEAR_MS = 365 * 24 * 3_600_000;

export function loginRoutes(shared: Shared): readonly Route[] {
  const show = (request: Request, response: Response) => {
    const next = localPath(queryField(request, 'next') ?? '', '/console');
    sendLogin(request, response, { next, email: '', failure: null, status: 200 });
  };

  const login = async (request: Request, response: Response) => {
    const email = formField(request, 'email').slice(0, 254);
    const next = localPath(formField(request, 'next'), '/console');
    const { say } = frameOf(request, frameBase(shared));
    const ip = request.ip ?? '';
    const wait = await shared.throttle.take(email, ip);
    if (wait > 0) {
      response.set('retry-after', String(wait));
      const failure = say('login.throttled', { minutes: Math.ceil(wait / 60) });
      return sendLogin(request, response, { next, email, failure, status: 429 });
    }
    const principal = await verifyLogin(shared.database, email, formField(request, 'password'));
    if (principal === null) {
      shared.logger.info({ event: 'login_failed' }, 'login failed');
      return sendLogin(request, response, { next, email, failure: say('login.wrong'), status: 401 });
    }
    await shared.throttle.forgive(email, ip);
    await shared.sessions.start(request, response, principal.accountId);
    response.redirect(303, next);
  };

  const logout = async (request: Request, response: Response) => {
    await shared.sessions.end(request, response);
    response.set('clear-site-data', '"cache"').redirect(303, '/console/login');
  };

  const language = (request: Request, response: Response) => {
    const chosen = formField(request, 'language') === 'en' ? 'en' : 'id';
    const secure = shared.publicUrl.startsWith('https:');
    response.cookie(LANGUAGE_COOKIE, chosen, {
      httpOnly: true,
      sameSite: 'lax',
      secure,
      path: '/',
      maxAge: YEAR_MS,
    });
    response.redirect(303, localPath(formField(request, 'back'), '/'));
  };

  const sendLogin = (
    request: Request,
    response: Response,
    page: { next: string; email: string; failure: string | null; status: number },
  ) => {
    const frame = { ...frameOf(request, frameBase(shared)), here: '/console/login' };
    sendPage(
      response,
      <LoginPage frame={frame} email={page.email} next={page.next} failure={page.failure} />,
      page.status,
    );
  };

  return [
    { method: 'get', path: '/console/login', access: 'visitor', query: ['next'], handle: show },
    { method: 'post', path: '/console/login', access: 'visitor', body: 'form', query: [], handle: login },
    { method: 'post', path: '/console/logout', access: 'session', body: 'form', query: [], handle: logout },
    {
      method: 'post',
      path: '/console/language',
      access: 'session',
      body: 'form',
      query: [],
      handle: language,
    },
    { method: 'post', path: '/language', access: 'visitor', body: 'form', query: [], handle: language },
  ];
}
