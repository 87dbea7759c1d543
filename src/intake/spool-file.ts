/**
 * The file form of a batch: a line with the checksum, then JSON.
 * `tabea-spool 1 <sha256 of the rest, hex> <length of the rest>\n[entry, …]`, bytes in base64, ids in hex.
 */
import { createHash } from 'node:crypto';
import type { Entry, EnvelopeRow, EventRow, HeldRow } from './entry.js';

const MAGIC = 'tabea-spool 1';

/** The file is not what was written: cut off, altered, or not ours. */
export class TornSpoolFile extends Error {
  override readonly name = 'TornSpoolFile';
}

export function encodeSpoolFile(entries: readonly Entry[]): Buffer {
  const body = Buffer.from(JSON.stringify(entries.map(toJson)));
  return Buffer.concat([Buffer.from(`${MAGIC} ${digest(body)} ${body.length}\n`), body]);
}

/** Throws TornSpoolFile. */
export function decodeSpoolFile(file: Buffer): Entry[] {
  const end = file.indexOf('\n');
  const head = end < 0 || end > 200 ? undefined : file.toString('latin1', 0, end);
  const [, checksum, length] = /^tabea-spool 1 ([0-9a-f]{64}) (\d+)$/.exec(head ?? '') ?? [];
  const body = file.subarray(end + 1);
  if (checksum === undefined) throw new TornSpoolFile('no head line');
  if (body.length !== Number(length)) throw new TornSpoolFile(`${body.length} of ${length} bytes`);
  if (digest(body) !== checksum) throw new TornSpoolFile('checksum does not match');
  const entries: JsonEntry[] = JSON.parse(body.toString());
  return entries.map(fromJson);
}

function digest(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

type Written<Row, Binary extends keyof Row> = Omit<Row, Binary> & {
  readonly [name in Binary]: string | null;
};

interface JsonEntry {
  readonly envelope: Written<EnvelopeRow, 'id' | 'body'> | null;
  readonly events: readonly Written<EventRow, 'id' | 'envelopeId' | 'contactKey'>[];
  readonly held: readonly Written<HeldRow, 'id' | 'body'>[];
  readonly bytes: number;
}

function toJson({ envelope, events, held, bytes }: Entry): JsonEntry {
  return {
    envelope: envelope && { ...envelope, id: hex(envelope.id), body: base64(envelope.body) },
    events: events.map((row) => ({
      ...row,
      id: hex(row.id),
      envelopeId: hex(row.envelopeId),
      contactKey: base64(row.contactKey),
    })),
    held: held.map((row) => ({ ...row, id: hex(row.id), body: base64(row.body) })),
    bytes,
  };
}

function fromJson({ envelope, events, held, bytes }: JsonEntry): Entry {
  return {
    envelope: envelope && { ...envelope, id: unhex(envelope.id), body: unbase64(envelope.body) },
    events: events.map((row) => ({
      ...row,
      id: unhex(row.id),
      envelopeId: unhex(row.envelopeId),
      contactKey: unbase64(row.contactKey),
    })),
    held: held.map((row) => ({ ...row, id: unhex(row.id), body: unbase64(row.body) ?? Buffer.alloc(0) })),
    bytes,
  };
}

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}

function unhex(text: string | null): Uint8Array {
  return Buffer.from(text ?? '', 'hex');
}

function base64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64');
}

function unbase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64');
}
