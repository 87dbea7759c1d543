/** Bytes as text, whatever the sender says of them: lossy where it must be, never refusing. */
import { buffer } from 'node:stream/consumers';
import libmime from 'libmime';

/** These say little: mailers put them on whatever they carry. */
const VAGUE = /^(?:|(?:us-?)?ascii|utf-?8|7bit|8bit|binary|unknown(?:-8bit)?|x-unknown|default)$/i;
/** A western single-byte set under which valid UTF-8 with other than ASCII letters makes no sense. */
const WESTERN = /^(?:iso[-_]?8859[-_]?(?:1|15)|latin-?1|windows-?1252|cp-?1252)$/i;
const WIDE = /^(?:utf-?(?:16|32)|ucs-?[24])/i;

/** The content of a text part. `declared` is the charset parameter; it may be missing, unknown or wrong. */
export async function decodeText(bytes: Buffer, declared = ''): Promise<string> {
  const charset = declared.trim().replaceAll(/['"]/g, '');
  const marked = markedCharset(bytes);
  if (marked !== undefined) return (await decodeAs(bytes, marked)) ?? guessText(bytes);
  if (VAGUE.test(charset)) return guessText(bytes);
  const utf8 = strictUtf8(bytes);
  if (utf8 !== undefined && (WESTERN.test(charset) || (WIDE.test(charset) && !bytes.includes(0))))
    return utf8;
  return (await decodeAs(bytes, charset)) ?? guessText(bytes);
}

/** UTF-8 where it is; else windows-1252, which knows a character for nearly every byte. */
export function guessText(bytes: Buffer): string {
  return (
    strictUtf8(bytes) ??
    brokenUtf8(bytes) ??
    libmime.decodeWord('windows-1252', 'B', bytes.toString('base64'))
  );
}

/** Undefined for a set that nobody knows, or that is no character set (UTF-7 smuggles markup). */
async function decodeAs(bytes: Buffer, charset: string): Promise<string | undefined> {
  const decoder = libmime.createDecodeStream(charset);
  if (!decoder.supported) return undefined;
  decoder.end(bytes);
  return (await buffer(decoder)).toString('utf8');
}

/** Fatal and without a replacement character; a byte order mark is taken off. */
function strictUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text in UTF-8 with a few broken bytes, as of a cut-off mail: its other letters must not suffer for them. */
function brokenUtf8(bytes: Buffer): string | undefined {
  const text = new TextDecoder('utf-8').decode(bytes);
  let broken = 0;
  let sound = 0;
  for (const character of text) {
    if (character === '\uFFFD') broken++;
    else if (character > '\u007F') sound++;
  }
  return sound >= broken ? text : undefined;
}

function markedCharset(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}
