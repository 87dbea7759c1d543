/** Real mail has up to some 60 KB. */
const MAX_BYTES = 64 * 1024;

/** The header block of a mail, up to the empty line. A copy: the mail itself need not stay in memory for it. */
export function headOf(raw: Buffer): Buffer {
  const ends = [raw.indexOf('\r\n\r\n'), raw.indexOf('\n\n'), MAX_BYTES, raw.length];
  return Buffer.from(raw.subarray(0, Math.min(...ends.filter((end) => end >= 0))));
}
