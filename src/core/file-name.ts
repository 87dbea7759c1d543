/** Names of files as strangers give them, made safe to show, to send and to save. */

const LONGEST = 120;
/** Longer than this it is no extension, but a part of the name. */
const LONGEST_EXTENSION = 12;

/** Controls, what turns the reading direction (`exe.gnp` that reads as `png.exe`), and what cannot be seen. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Means something to a shell or a file system. */
const SPECIAL = /[<>:"|?*;%\\/]/g;
/** Devices of Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Without folders, invisible characters and surprises; `fallback` where nothing is left. */
export function safeFileName(name: string, fallback = 'lampiran'): string {
  const last =
    name
      .replaceAll(/[\ud800-\udfff]/gu, '\ufffd')
      .split(/[\\/]/)
      .at(-1) ?? '';
  const clean = last
    .replaceAll(INVISIBLE, '')
    .replaceAll(SPECIAL, '_')
    .replaceAll(/\s+/g, ' ')
    // A leading dot hides a file; Windows drops what ends in dots and spaces.
    .replaceAll(/^[. ]+|[. ]+$/g, '');
  if (clean === '') return fallback;
  return shorten(DEVICE.test(clean) ? `_${clean}` : clean);
}

/** The extension stays: it says what opens the file. */
function shorten(name: string): string {
  if (name.length <= LONGEST) return name;
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && name.length - dot <= LONGEST_EXTENSION ? name.slice(dot) : '';
  // Half a character (an emoji cut in two) would be unreadable.
  return name.slice(0, LONGEST - extension.length).replace(/[\ud800-\udbff]$/, '') + extension;
}
