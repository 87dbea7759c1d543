/** Ids are UUIDv7 made here (RFC 9562): in the order of time, so that rows that belong together lie together. */
import { randomFillSync } from 'node:crypto';
import { V7Generator } from 'uuidv7';

// Many ids from one call: asking the operating system for each costs more than all else about an id.
const words = new Uint32Array(1_024);
let used = words.length;
const generator = new V7Generator({
  nextUint32: () => {
    if (used === words.length) {
      randomFillSync(words);
      used = 0;
    }
    return words[used++] ?? 0;
  },
});

/** A new id as 16 bytes; later ones of this process sort behind it. */
export function newIdBytes(): Uint8Array {
  return generator.generate().bytes;
}

/** A new id as it is written. */
export function newId(): string {
  return idText(newIdBytes());
}

/** The canonical text of a 16-byte id, made of one string: digit by digit it would cost a kilobyte. */
export function idText(id: Uint8Array): string {
  const hex = Buffer.from(id.buffer, id.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The smallest id that can have been made at that time or later: for ranges over time. */
export function firstIdSince(time: Date): string {
  // The first 48 bits are milliseconds since 1970.
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** When an id was made, by the clock of its maker. */
export function timeOfId(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}
