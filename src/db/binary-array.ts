/**
 * Arrays in PostgreSQL's binary format. `pg` sends a Buffer as a binary parameter, so a column of a batch
 * travels without being quoted, escaped or turned into hex: that halves the work of an insert on both sides.
 * Format (array_recv in src/backend/utils/adt/arrayfuncs.c): dimensions, has-null, element type, then length
 * and lower bound of the dimension, then for each element its length (-1: null) and bytes; big endian.
 */

const HEADER_BYTES = 20;
const OID = { bool: 16, bytea: 17, int4: 23, text: 25, timestamptz: 1184, uuid: 2950, jsonb: 3802 } as const;
/** 2000-01-01T00:00:00Z in milliseconds: where PostgreSQL's timestamps begin. */
const POSTGRES_EPOCH_MS = 946_684_800_000;

/** `uuid[]` of 16-byte ids. */
export function uuidArray(ids: readonly (Uint8Array | null)[]): Buffer {
  return bytesArray(OID.uuid, ids);
}

/** `uuid[]` of ids as they are written, with hyphens. */
export function uuidTextArray(ids: readonly (string | null)[]): Buffer {
  const buffer = allocate(OID.uuid, ids.length, ids.length * 20);
  let offset = HEADER_BYTES;
  for (const id of ids) {
    offset = buffer.writeInt32BE(id === null ? -1 : 16, offset);
    if (id !== null) offset = writeUuid(buffer, id, offset);
  }
  return buffer.subarray(0, offset);
}

/** Digit by digit into its place: a batch has thousands of ids, and a Buffer for each costs more than its digits. */
function writeUuid(buffer: Buffer, id: string, start: number): number {
  const end = start + 16;
  let offset = start;
  let high = -1;
  for (let i = 0; i < id.length; i += 1) {
    const digit = HEX[id.charCodeAt(i)] ?? NO_DIGIT;
    if (digit === HYPHEN) continue;
    if (digit === NO_DIGIT || offset === end) throw new TypeError('Not a UUID');
    if (high < 0) high = digit;
    else {
      buffer[offset++] = high * 16 + digit;
      high = -1;
    }
  }
  if (offset !== end) throw new TypeError('Not a UUID');
  return end;
}

const HYPHEN = -1;
const NO_DIGIT = -2;
/** Character code → value of the hexadecimal digit. */
const HEX: readonly number[] = Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (character === '-') return HYPHEN;
  return /[0-9a-f]/i.test(character) ? Number.parseInt(character, 16) : NO_DIGIT;
});

/** `bytea[]`. */
export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return bytesArray(OID.bytea, values);
}

/** `text[]`. U+0000 must be gone before; lone surrogates become U+FFFD, as UTF-8 has none. */
export function textArray(values: readonly (string | null)[]): Buffer {
  return stringArray(OID.text, values, false);
}

/** `jsonb[]` of JSON texts. */
export function jsonbArray(values: readonly (string | null)[]): Buffer {
  return stringArray(OID.jsonb, values, true);
}

/** `timestamptz[]`. */
export function dateArray(values: readonly (Date | null)[]): Buffer {
  return timeArray(values.map((value) => (value === null ? null : value.getTime())));
}

/** `timestamptz[]` of milliseconds since 1970. */
export function timeArray(values: readonly (number | null)[]): Buffer {
  const buffer = allocate(OID.timestamptz, values.length, values.length * 12);
  let offset = HEADER_BYTES;
  for (const ms of values) {
    if (ms === null) {
      offset = buffer.writeInt32BE(-1, offset);
      continue;
    }
    const micros = (ms - POSTGRES_EPOCH_MS) * 1000;
    const high = Math.floor(micros / 0x1_0000_0000);
    offset = buffer.writeInt32BE(8, offset);
    offset = buffer.writeInt32BE(high, offset);
    offset = buffer.writeUInt32BE(micros - high * 0x1_0000_0000, offset);
  }
  return buffer.subarray(0, offset);
}

/** `int4[]`. */
export function intArray(values: readonly number[]): Buffer {
  const buffer = allocate(OID.int4, values.length, values.length * 8);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = buffer.writeInt32BE(4, offset);
    offset = buffer.writeInt32BE(value, offset);
  }
  return buffer;
}

/** `bool[]`. */
export function boolArray(values: readonly boolean[]): Buffer {
  const buffer = allocate(OID.bool, values.length, values.length * 5);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = buffer.writeInt32BE(1, offset);
    offset = buffer.writeUInt8(value ? 1 : 0, offset);
  }
  return buffer;
}

function bytesArray(oid: number, values: readonly (Uint8Array | null)[]): Buffer {
  let size = 0;
  for (const value of values) size += 4 + (value?.length ?? 0);
  const buffer = allocate(oid, values.length, size);
  let offset = HEADER_BYTES;
  for (const value of values) {
    offset = buffer.writeInt32BE(value === null ? -1 : value.length, offset);
    if (value === null) continue;
    buffer.set(value, offset);
    offset += value.length;
  }
  return buffer;
}

function stringArray(oid: number, values: readonly (string | null)[], versioned: boolean): Buffer {
  let size = 0;
  for (const value of values)
    size += 4 + (value === null ? 0 : Buffer.byteLength(value) + (versioned ? 1 : 0));
  const buffer = allocate(oid, values.length, size);
  let offset = HEADER_BYTES;
  for (const value of values) {
    if (value === null) {
      offset = buffer.writeInt32BE(-1, offset);
      continue;
    }
    const start = offset + 4;
    // jsonb carries a version byte before its text.
    offset = versioned ? buffer.writeUInt8(1, start) : start;
    offset += buffer.write(value, offset);
    buffer.writeInt32BE(offset - start, start - 4);
  }
  return buffer;
}

function allocate(oid: number, count: number, size: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + size);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(1, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}
