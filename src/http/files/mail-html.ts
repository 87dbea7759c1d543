/**
 * A mail's HTML, made fit to be shown: an allow-list of what text needs, and nothing that runs, loads, sends
 * or covers anything. It is the second of three fences; the others are the policy of its own answer and the
 * sandbox of its frame.
 */
import sanitize from 'sanitize-html';

export interface MailHtmlOptions {
  /** True: pictures are fetched from where the sender keeps them, which tells him that he is read. */
  readonly outsidePictures: boolean;
  /** `data:` addresses of pictures that came with the mail, by Content-ID. */
  readonly inline: ReadonlyMap<string, string>;
  /** Stands where a picture is left out. */
  readonly pictureWord: string;
}

/** Longer HTML is cut: nobody reads it, and to clean it would hold up everybody else. */
export const LONGEST_HTML = 500_000;
/** Layout tables of newsletters are some twenty deep. */
const DEEPEST = 100;
const DEEPEST_PARSED = 250;

const TEXT_TAGS = (
  'a abbr address b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em ' +
  'figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike strong ' +
  'sub sup table tbody td tfoot th thead tr tt u ul'
).split(' ');

/** Their text is not text for a reader either. */
const DROPPED_WHOLE = (
  'script style textarea option title noscript svg math template iframe object select button audio video xmp ' +
  'noembed noframes plaintext'
).split(' ');

const COLOUR = /^(?:#[0-9a-f]{3,8}|rgba?\([\d\s,.%/]{1,40}\)|[a-z]{3,24})$/i;
// One class of characters each, of bounded length: a pattern over alternatives can be made to take for ever.
const LENGTHS = /^[\d.a-z%\s]{1,60}$/i;
const BORDER = /^[\w#.%\s]{1,60}$/;
const WORD = /^[a-z-]{1,24}$/i;

/** No `url()`, no `position`, no negative length: nothing that loads, and nothing that covers. */
const STYLES = {
  color: [COLOUR],
  'background-color': [COLOUR],
  background: [COLOUR],
  'font-size': [
    /^(?:\d{1,2}(?:\.\d+)?(?:px|pt|em|rem)|\d{1,3}%|(?:x{0,2}-)?(?:small|large)|medium|smaller|larger)$/i,
  ],
  'font-family': [/^[\w\s"',.-]{1,200}$/],
  'font-weight': [/^(?:\d{3}|[a-z]{4,7})$/i],
  'font-style': [WORD],
  'text-align': [WORD],
  'text-decoration': [/^[a-z\s-]{1,40}$/i],
  'vertical-align': [WORD],
  'white-space': [WORD],
  'line-height': [/^\d(?:\.\d+)?$|^\d{1,3}(?:\.\d+)?(?:px|em|%|pt)$/i],
  'border-collapse': [WORD],
  ...Object.fromEntries(
    ['', '-top', '-right', '-bottom', '-left'].map((side) => [`border${side}`, [BORDER]]),
  ),
  ...Object.fromEntries(
    ['', '-top', '-right', '-bottom', '-left'].map((side) => [`padding${side}`, [LENGTHS]]),
  ),
  ...Object.fromEntries(
    ['', '-top', '-right', '-bottom', '-left'].map((side) => [`margin${side}`, [LENGTHS]]),
  ),
  width: [LENGTHS],
  'max-width': [LENGTHS],
  height: [LENGTHS],
} satisfies Record<string, RegExp[]>;

const OPTIONS = {
  allowedTags: TEXT_TAGS,
  nonTextTags: DROPPED_WHOLE,
  disallowedTagsMode: 'discard',
  nestingLimit: DEEPEST,
  allowedAttributes: {
    '*': ['style', 'dir', 'lang', 'align', 'valign', 'title'],
    a: ['href', 'target', 'rel'],
    img: ['src', 'alt', 'width', 'height'],
    font: ['color', 'size', 'face'],
    table: ['width', 'border', 'cellpadding', 'cellspacing', 'bgcolor'],
    td: ['colspan', 'rowspan', 'width', 'height', 'bgcolor'],
    th: ['colspan', 'rowspan', 'width', 'height', 'bgcolor', 'scope'],
    tr: ['bgcolor'],
    col: ['span', 'width'],
    colgroup: ['span', 'width'],
    ol: ['start', 'type'],
  },
  allowedStyles: { '*': STYLES },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['https', 'data'] },
  allowProtocolRelative: false,
} satisfies sanitize.IOptions;

export function cleanMailHtml(html: string, options: MailHtmlOptions): string {
  return sanitize(untilTooDeep(html.slice(0, LONGEST_HTML)), {
    ...OPTIONS,
    transformTags: {
      a: (_tag, { href, title }) => ({
        tagName: 'a',
        attribs: {
          ...(href === undefined ? {} : { href, target: '_blank', rel: 'noopener noreferrer nofollow' }),
          ...(title === undefined ? {} : { title }),
        },
      }),
      img: (_tag, attribs) => picture(attribs, options),
    },
  });
}

const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/;
const ENDED_BY_ITS_LIKE = /^(?:p|li|td|th|tr|dd|dt)$/;

/**
 * What lies deeper than any mail is left out: each tag costs the parser a walk over all that are open. One that
 * follows its like is taken to have ended it (`<p>a<p>b`).
 */
function untilTooDeep(html: string): string {
  const open: string[] = [];
  for (const { 1: slash, 2: name = '', index } of html.matchAll(/<(\/?)([a-z][a-z0-9]{0,20})/gi)) {
    const tag = name.toLowerCase();
    if (VOID.test(tag)) continue;
    const opened = open.lastIndexOf(tag);
    if (slash === '/') {
      if (opened >= 0) open.length = opened;
    } else if (opened < open.length - 1 || opened < 0 || !ENDED_BY_ITS_LIKE.test(tag)) {
      open.push(tag);
    }
    if (open.length > DEEPEST_PARSED) return html.slice(0, index);
  }
  return html;
}

function picture({ src, ...rest }: sanitize.Attributes, options: MailHtmlOptions): sanitize.Tag {
  const shown = src === undefined ? undefined : shownAt(src.trim(), options);
  if (shown !== undefined) return { tagName: 'img', attribs: { ...rest, src: shown } };
  // A pixel that only tells the sender that he is read needs no word in its place.
  const isPixel = [rest['width'], rest['height']].some((side) => side === '0' || side === '1');
  const word = rest['alt']?.trim() || options.pictureWord;
  return { tagName: 'span', attribs: {}, text: isPixel ? '' : `[${word}]` };
}

function shownAt(src: string, { inline, outsidePictures }: MailHtmlOptions): string | undefined {
  if (/^cid:/i.test(src)) return inline.get(contentIdOf(src));
  // Pictures written into the HTML itself: of the kinds that are drawn and run nothing.
  if (/^data:image\/(?:png|jpe?g|gif|webp);base64,[\w+/=\s]+$/i.test(src)) return src;
  return outsidePictures && /^https:\/\//i.test(src) ? src : undefined;
}

/** Content-IDs that the HTML shows. */
export function contentIdsIn(html: string): Set<string> {
  return new Set([...html.matchAll(/\bcid:[^\s"'<>)]{1,250}/gi)].map(([src]) => contentIdOf(src)));
}

function contentIdOf(src: string): string {
  const given = src.slice('cid:'.length);
  try {
    return decodeURIComponent(given);
  } catch {
    return given;
  }
}

/** The whole document of the frame. */
export function mailDocument(body: string, language: string, title: string): string {
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${sanitize(title, { allowedTags: [], allowedAttributes: {} })}</title>
<style>
body { margin: 12px; font: 15px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; overflow-wrap: anywhere; }
img { max-width: 100%; height: auto; }
table { max-width: 100%; }
pre { white-space: pre-wrap; }
blockquote { margin: 0 0 0 12px; padding-left: 12px; border-left: 3px solid #c5d0d9; }
</style></head><body>${body}</body></html>`;
}
