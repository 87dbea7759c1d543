/** Names of files as strangers give them, made safe to show, to send and to save. */

const LONGEST = 120;
/** Bytes in UTF-8; file systems take 255, and a copy may get something added. */
const LONGEST_BYTES = 180;
/** Longer than this it is no extension, but a part of the name. */
const LONGEST_EXTENSION = 12;
/** Looked at, from the end, where the extension is. */
const LOOKED_AT = 1_000;

/** Controls, what turns the reading direction (`exe.gnp` that reads as `png.exe`), and what cannot be seen. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Means something to a shell or a file system, or is half a character. */
const SPECIAL = /[<>:"|?*;%\\/\p{Cs}\uFFFD]/gu;
/** Devices of Windows, with any extension: https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const DEVICE = /^(?:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** Without folders, invisible characters and surprises; `fallback` where nothing is left. */
export function safeFileName(name: string, fallback = 'lampiran'): string {
  const last = name.split(/[\\/]/).at(-1)?.slice(-LOOKED_AT) ?? '';
  const clean = last
    .replaceAll(INVISIBLE, '')
    .replaceAll(SPECIAL, '_')
    .replaceAll(/\s+/g, ' ')
    // A leading dot hides a file; Windows drops what ends in dots and spaces.
    .replaceAll(/^[. ]+|[. ]+$/g, '');
  if (clean.replaceAll('_', '') === '') return fallback;
  return shorten(DEVICE.test(clean) ? `_${clean}` : clean);
}

/** Between characters, and before the extension: it says what opens the file. */
function shorten(name: string): string {
  if (name.length <= LONGEST && Buffer.byteLength(name) <= LONGEST_BYTES) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= LONGEST_EXTENSION ? name.slice(dot) : '';
  let stem = '';
  let [length, bytes] = [extension.length, Buffer.byteLength(extension)];
  for (const character of extension === '' ? name : name.slice(0, dot)) {
    length += character.length;
    bytes += Buffer.byteLength(character);
    if (length > LONGEST || bytes > LONGEST_BYTES) break;
    stem += character;
  }
  return stem.replace(/[. ]+$/, '') + extension;
}
