/** Who asks: a person with a session, or a program with an API key. */
import type { Viewer } from '../../cases/policy.js';

/** `actorId`: `user:<id>` or `key:<id>`, as events carry it. */
export interface Principal extends Viewer {
  /** For the page's header; a key has the name it was given. */
  readonly name: string;
}
