/** A plain text as simple HTML: the same words, nothing to load, nothing that runs. */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Ends before punctuation that closes the sentence around it. */
const LINK = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}]/g;
const STYLE = 'font-family:sans-serif;font-size:16px;line-height:1.5;color:#1d2b34';

export function textAsHtml(text: string): string {
  const paragraphs = text
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph.trim() !== '')
    // `dir="auto"`: an answer may be in any script.
    .map((paragraph) => `<p dir="auto">${linked(paragraph.replaceAll(/^\n|\n$/g, ''))}</p>`);
  return (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n' +
    `<body style="${STYLE}">\n${paragraphs.join('\n')}\n</body></html>\n`
  );
}

function linked(text: string): string {
  let html = '';
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const [url] = match;
    html += escaped(text.slice(end, match.index));
    html += `<a href="${escaped(url)}">${escaped(url)}</a>`;
    end = match.index + url.length;
  }
  return html + escaped(text.slice(end));
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '').replaceAll('\n', '<br>\n');
}
