/** PostgreSQL refuses to run as root; where Tabea is root, its server runs as somebody who owns nothing. */
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Where things of that user live when the data folder or node_modules cannot be reached by him. Survives a
 * restart of the machine, which a temporary folder need not.
 */
export const SHARED_HOME = '/var/lib/tabea-postgres';

/** Numeric, for spawn() and chown(). */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** `undefined` where the process is not root and the server simply runs as the same user. */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return passwdEntry('postgres') ?? passwdEntry('nobody') ?? { uid: 65_534, gid: 65_534 };
}

function passwdEntry(name: string): ServerUser | undefined {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
  } catch {
    return undefined;
  }
}

/** Whether `user` can pass through `path` and every folder above it (mode bits; ACLs are not read). */
export function canEnter(path: string, user: ServerUser): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { uid, gid, mode } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
