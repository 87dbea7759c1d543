/** What a file is by its own bytes. What its sender says of it is not believed. */

const SNIFFED = 4_096;

/** Pictures that a browser draws and that run nothing; SVG is a document with scripts, and none of them. */
export function pictureType(bytes: Buffer): string | null {
  const head = bytes.subarray(0, 16).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'image/webp';
  return null;
}

/** The type under which a browser may show the file itself; null: it is only for saving. */
export function shownType(bytes: Buffer, declared: string): string | null {
  const picture = pictureType(bytes);
  if (picture !== null) return picture;
  const isText = /^text\/plain(?:;|$)/i.test(declared.trim()) && !bytes.subarray(0, SNIFFED).includes(0);
  return isText ? 'text/plain; charset=utf-8' : null;
}
