/** Who asks: a person with a session, or a program with an API key. */
import type { Role } from '../../core/case-life.js';

export interface Principal {
  /** `user:<id>` or `key:<id>`: what events carry. */
  readonly actor: string;
  readonly role: Role;
  /** The OPD whose cases a liaison may see; null for everybody else. */
  readonly opdId: string | null;
  /** For the page's header; a key has the name it was given. */
  readonly name: string;
}
