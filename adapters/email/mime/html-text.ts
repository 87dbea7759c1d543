/** HTML as text that can be read and searched: paragraphs and lists kept, links written out as `text <url>`. */
import { compile, type FormatOptions, type HtmlToTextOptions } from 'html-to-text';

/** Deeper elements overflow the stack of the converter and cost the square of their number. Browsers flatten at 512. */
const MAX_DEPTH = 500;
/** The converter makes an object of each; a long newsletter has some thousands. */
const MAX_TAGS = 50_000;
const MAX_LINK = 2_000;

const LINK: FormatOptions = {
  hideLinkHrefIfSameAsText: true,
  linkBrackets: ['<', '>'],
  noAnchorUrl: true,
  pathRewrite: readableLink,
};

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  limits: { maxDepth: MAX_DEPTH },
  selectors: [
    { selector: 'a', options: LINK },
    { selector: 'img', format: 'tabeaAlt' },
    // Words are the sender's; their loudness is not.
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    { selector: 'style', format: 'skip' },
    { selector: 'script', format: 'skip' },
    { selector: 'title', format: 'skip' },
  ],
  formatters: {
    tabeaAlt: (elem, _walk, builder) => {
      const alt: unknown = elem.attribs?.alt;
      if (typeof alt === 'string' && alt.trim() !== '') builder.addInline(`[${alt.trim()}]`);
    },
  },
};

/** Once: the tree of selectors costs more than a short mail. */
const convert = compile(OPTIONS);

/** Never throws: what the converter cannot take is stripped of its tags. */
export function htmlToPlain(html: string): string {
  if (isTooMuch(html)) return stripTags(html);
  try {
    return convert(html).replaceAll('\u00A0', ' ');
  } catch {
    return stripTags(html);
  }
}

/** Of a link only what a person can follow; `javascript:` and `data:` are none of it. `mailto:` is off already. */
function readableLink(href: string): string {
  const link = href.trim();
  const follows = /^(?:https?|tel|geo|whatsapp):/i.test(link) || /^[^\s@:]+@[^\s@]+$/.test(link);
  return follows && link.length <= MAX_LINK ? link : '';
}

/** Elements that hold nothing, or that the next of their kind closes: however many, they do not nest. */
const FLAT = new Set(
  'area base br col embed hr img input link meta param source track wbr p li dt dd option tr td th thead tbody tfoot'.split(
    ' ',
  ),
);

/** Counts what is open without looking at the names: more than the true depth, and linear. */
function isTooMuch(html: string): boolean {
  let depth = 0;
  let tags = 0;
  for (const [, closing, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9:-]{0,30})/gi)) {
    if (++tags > MAX_TAGS) return true;
    if (FLAT.has(name.toLowerCase())) continue;
    depth = Math.max(0, depth + (closing === '/' ? -1 : 1));
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function stripTags(html: string): string {
  return html
    .replaceAll(/<(?:br|p|div|tr|li)\b[^<>]{0,1000}>/gi, '\n')
    .replaceAll(/<[^<>]{0,10000}>/g, '')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
