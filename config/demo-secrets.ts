/** Random secrets of the demo, made once and kept in the data folder, so that a restart can read what it wrote. */
import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../src/core/errors.js';

const FILE = 'demo-secrets.json';

/**
 * The kept value of each name; a name that is new gets what its function makes and is kept from then on. The file has
 * mode 0600 and is replaced as a whole. Throws UserError where it cannot be read.
 */
export function keepDemoSecrets(
  dataDir: string,
  wanted: Readonly<Record<string, () => string>>,
): Readonly<Record<string, string>> {
  const kept = readKept(dataDir);
  const values = Object.fromEntries(
    Object.entries(wanted).map(([name, make]) => [name, kept[name] ?? make()]),
  );
  if (Object.keys(wanted).some((name) => kept[name] === undefined))
    writeKept(dataDir, { ...kept, ...values });
  return values;
}

/** Secrets in hex for one owner, e.g. a channel kind: the first call gets its first secret again after a restart. */
export function demoSecretMaker(dataDir: string, owner: string): (bytes: number) => string {
  let calls = 0;
  return (bytes) => {
    const name = `${owner}.${++calls}`;
    return keepDemoSecrets(dataDir, { [name]: () => randomBytes(bytes).toString('hex') })[name] ?? '';
  };
}

/**
 * Loopback ports for one owner, by name, the same again after a restart. Below the range from which systems take
 * ports for clients, so that one that was free most likely stays so.
 */
export function demoPortMaker(dataDir: string, owner: string): (name: string) => number {
  return (name) => {
    const key = `${owner}.port.${name}`;
    return Number(keepDemoSecrets(dataDir, { [key]: () => String(randomInt(20_000, 32_000)) })[key]);
  };
}

function readKept(dataDir: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(join(dataDir, FILE), 'utf8');
  } catch (error) {
    if (isAbsent(error)) return {};
    throw unreadable(dataDir, error);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    return Object.fromEntries(
      Object.entries(parsed ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch (error) {
    throw unreadable(dataDir, error);
  }
}

function isAbsent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

// Making new ones instead would leave identities that nobody can read.
function unreadable(dataDir: string, cause: unknown): UserError {
  return new UserError('demo_secrets', `${join(dataDir, FILE)} cannot be read.`, {
    remedy: 'Give it back its content and rights, or remove the data folder of the demo.',
    cause,
  });
}

function writeKept(dataDir: string, secrets: Readonly<Record<string, string>>): void {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, FILE);
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(secrets, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
