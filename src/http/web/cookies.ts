/** Cookies of a request. */
import { parseCookie } from 'cookie';
import type { Request } from 'express';

export function readCookie(request: Request, name: string): string | undefined {
  return parseCookie(request.headers.cookie ?? '')[name];
}
