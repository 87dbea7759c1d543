/** Names of files as a sender gives them, made safe for every file system and every screen. */
import libmime from 'libmime';

/** Bytes in UTF-8; file systems take 255. */
const MAX_BYTES = 180;
const MAX_EXTENSION = 16;
/** Looked at, from the end, where the extension is. */
const MAX_CHARACTERS = 1_000;

/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)/i;

/** `number` counts the files of the mail from 1, for those without a name. */
export function safeFileName(given: string | undefined, contentType: string, number: number): string {
  const base = (given ?? '').split(/[/\\]/).at(-1)?.slice(-MAX_CHARACTERS) ?? '';
  const clean = base
    // Control characters, and marks that turn the direction of writing: "exe.gpj" must not read "jpg.exe".
    .replaceAll(/[\p{Cc}\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/gu, '')
    .replaceAll(/[<>:"|?*\p{Cs}\uFFFD]/gu, '_')
    .replaceAll(/\s+/g, ' ')
    .replace(/^[. ]+/, '')
    .replace(/[. ]+$/, '');
  if (clean.replaceAll('_', '') === '')
    return `${nameless(contentType)}-${number}.${extensionOf(contentType)}`;
  return shorten(RESERVED.test(clean) ? `_${clean}` : clean);
}

/** The declared type where it looks like one. */
export function safeContentType(contentType: string): string {
  return /^[a-z0-9!#$&^_.+-]{1,60}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(contentType)
    ? contentType
    : 'application/octet-stream';
}

function nameless(contentType: string): string {
  if (contentType.startsWith('image/')) return 'gambar';
  return contentType === 'message/rfc822' ? 'pesan' : 'lampiran';
}

function extensionOf(contentType: string): string {
  if (contentType === 'message/rfc822') return 'eml';
  return libmime.detectExtension(contentType).toLowerCase().slice(0, MAX_EXTENSION) || 'bin';
}

/** Cuts before the extension, between characters. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= MAX_EXTENSION ? name.slice(dot) : '';
  let stem = '';
  let bytes = Buffer.byteLength(extension);
  for (const character of extension === '' ? name : name.slice(0, dot)) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_BYTES) break;
    stem += character;
  }
  return stem.trimEnd() + extension;
}
