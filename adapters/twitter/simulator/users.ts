import { createHash } from 'node:crypto';

export interface PlayedUser {
  readonly id: string;
  readonly username: string;
  readonly name: string;
}

/** As written on the page, with or without `@`. Throws where X would not have such a name. */
export function handleOf(text: string): string {
  const handle = text.trim().replace(/^@/, '');
  if (!/^\w{1,15}$/.test(handle)) throw new Error('a citizen posts under a name of X');
  return handle;
}

/** The same person after a restart: the id is made of the name. */
export function citizenNamed(text: string): PlayedUser {
  const username = handleOf(text);
  const digest = createHash('sha256').update(username.toLowerCase()).digest();
  const id = String((digest.readBigUInt64BE(0) % 900_000_000_000_000_000n) + 1_000_000_000_000_000_000n);
  return { id, username, name: username.replaceAll('_', ' ') };
}
