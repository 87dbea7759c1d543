/**
 * The identity vault. Each reporter has an AES-256 key of his own, wrapped by a key that is derived from
 * TABEA_SECRET_KEY: who holds the database alone reads no address, and who destroys the wrapped key has
 * erased the person. Every ciphertext is bound to its row, so that rows cannot be exchanged unnoticed.
 */
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { z } from 'zod';
import type { Keys } from '../core/keys.js';
import type { Address } from '../core/message.js';

const sealedAddress = z.object({ value: z.string(), name: z.string().exactOptional() });
const sealedIdentity = z.object({
  name: z.string().exactOptional(),
  phone: z.string().exactOptional(),
  email: z.string().exactOptional(),
  address: z.string().exactOptional(),
});

/** What is known of a person. Personal data: never logged. */
export type Identity = Readonly<z.output<typeof sealedIdentity>>;

/** A ciphertext was changed, belongs to another row, or was written under another TABEA_SECRET_KEY. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
}

/** The key of one reporter, in the clear for as long as it is worked with, and as it is stored. */
export interface ReporterKey {
  readonly reporterId: string;
  readonly key: Buffer;
  readonly wrapped: Buffer;
}

export interface Vault {
  /** A new random key. */
  createKey(reporterId: string): ReporterKey;
  /** Throws VaultError. */
  unwrapKey(reporterId: string, wrapped: Buffer): ReporterKey;
  sealAddress(key: ReporterKey, contactKey: Buffer, address: Pick<Address, 'value' | 'name'>): Buffer;
  /** Throws VaultError. */
  openAddress(key: ReporterKey, contactKey: Buffer, sealed: Buffer): Pick<Address, 'value' | 'name'>;
  sealIdentity(key: ReporterKey, identity: Identity): Buffer;
  /** Throws VaultError. */
  openIdentity(key: ReporterKey, sealed: Buffer): Identity;
}

const ALGORITHM = 'aes-256-gcm';
/** First byte of every ciphertext, so that another scheme can follow one day. */
const VERSION = 1;
const NONCE = 12;
const TAG = 16;
const GCM = { authTagLength: TAG } as const;
const KEY = 32;

export function createVault(keys: Pick<Keys, 'wrap'>): Vault {
  return {
    createKey: (reporterId) => {
      const key = random(KEY);
      return { reporterId, key, wrapped: seal(keys.wrap, `key:${reporterId}`, key) };
    },
    unwrapKey: (reporterId, wrapped) => {
      return { reporterId, key: open(keys.wrap, `key:${reporterId}`, wrapped), wrapped };
    },
    sealAddress: (key, contactKey, { value, name }) =>
      seal(
        key.key,
        addressRow(key, contactKey),
        Buffer.from(JSON.stringify(name === undefined ? { value } : { value, name })),
      ),
    openAddress: (key, contactKey, sealed) =>
      sealedAddress.parse(JSON.parse(open(key.key, addressRow(key, contactKey), sealed).toString())),
    sealIdentity: (key, identity) =>
      seal(key.key, `identity:${key.reporterId}`, Buffer.from(JSON.stringify(identity))),
    openIdentity: (key, sealed) =>
      sealedIdentity.parse(JSON.parse(open(key.key, `identity:${key.reporterId}`, sealed).toString())),
  };
}

function addressRow(key: ReporterKey, contactKey: Buffer): string {
  return `address:${key.reporterId}:${contactKey.toString('base64')}`;
}

/** version | nonce | ciphertext | tag. Random nonces: the wrapping key bears 2^32 of them, far above a city's reporters. */
function seal(key: Buffer, row: string, clear: Buffer): Buffer {
  const nonce = random(NONCE);
  const cipher = createCipheriv(ALGORITHM, key, nonce, GCM);
  cipher.setAAD(Buffer.from(row));
  const sealed = Buffer.allocUnsafe(1 + NONCE + clear.length + TAG);
  sealed[0] = VERSION;
  sealed.set(nonce, 1);
  sealed.set(cipher.update(clear), 1 + NONCE);
  cipher.final();
  sealed.set(cipher.getAuthTag(), 1 + NONCE + clear.length);
  return sealed;
}

function open(key: Buffer, row: string, sealed: Buffer): Buffer {
  if (sealed[0] !== VERSION || sealed.length < 1 + NONCE + TAG)
    throw new VaultError('The ciphertext has an unknown form.');
  try {
    const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(1, 1 + NONCE), GCM);
    decipher.setAAD(Buffer.from(row));
    decipher.setAuthTag(sealed.subarray(-TAG));
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE, -TAG)), decipher.final()]);
  } catch (cause) {
    throw new VaultError('The ciphertext does not belong to this row or this TABEA_SECRET_KEY.', { cause });
  }
}

// One call for many keys: asking the operating system for 32 bytes at a time costs more than the cipher.
const pool = Buffer.allocUnsafeSlow(8192);
let used = pool.length;

function random(size: number): Buffer {
  if (used + size > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + size));
  // What was handed out must not stay readable in the pool.
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
}
