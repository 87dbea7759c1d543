/** What is known of the one who asks, for the time of one request. */
import type { Request } from 'express';
import type { Principal } from '../auth/principal.js';
import type { Language } from './texts.js';

export interface Visit {
  readonly requestId: string;
  language: Language;
  principal: Principal | null;
  /** Secret of CSRF tokens: the session's, or that of this browser's visit. */
  csrfSecret: string;
}

const visits = new WeakMap<Request, Visit>();

export function setVisit(request: Request, visit: Visit): void {
  visits.set(request, visit);
}

export function visitOf(request: Request): Visit {
  const visit = visits.get(request);
  if (visit === undefined) throw new Error('the request has not passed the front middleware');
  return visit;
}

/** Of a route that demands a session or a key. */
export function principalOf(request: Request): Principal {
  const { principal } = visitOf(request);
  if (principal === null) throw new Error('the route has no guard');
  return principal;
}
