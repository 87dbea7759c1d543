/** How a file is called where its own name could be its sender's: people save their letters under their names. */

/** Types that say nothing of who sent it; whatever else is declared could be anything. */
const ENDINGS: Readonly<Record<string, string>> = {
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/gif': '.gif',
  'image/webp': '.webp',
  'application/pdf': '.pdf',
  'text/plain': '.txt',
};

/** `lampiran-1.jpg`, by its place from 0 and its type, whose parameters may hold its name again. */
export function namelessFile(
  index: number,
  contentType: string,
): { readonly name: string; readonly contentType: string } {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const ending = Object.hasOwn(ENDINGS, type) ? ENDINGS[type] : undefined;
  return {
    name: `lampiran-${index + 1}${ending ?? ''}`,
    contentType: ending === undefined ? 'application/octet-stream' : type,
  };
}
