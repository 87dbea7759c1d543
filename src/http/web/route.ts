/**
 * Every address of the application is one entry of a table, with who may call it. The guard is made from
 * the entry, so that what the table says and what is enforced cannot differ.
 */
import type { Request, Response } from 'express';

/**
 * `public`: anybody. `visitor`: anybody; his forms carry the CSRF token of his browser. `key`: API key.
 * `session`: logged in; posts carry the CSRF token of the session. `ops`: loopback, or a viewer's key.
 * `provider`: the simulator's stand-in of a provider, which checks as that provider does.
 */
export type Access = 'public' | 'visitor' | 'key' | 'session' | 'ops' | 'provider';

export type Method = 'get' | 'post' | 'all';

/** How the body of a request is read; `form` is urlencoded text of a page, `form-files` may also bring files. */
export type BodyKind = 'none' | 'json' | 'json-large' | 'form' | 'form-files' | 'raw';

export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly access: Access;
  readonly body?: BodyKind;
  /** Query parameters that are understood; another is answered with 400. Absent: not checked (wire formats). */
  readonly query?: readonly string[];
  handle(request: Request, response: Response): Promise<void> | void;
}
