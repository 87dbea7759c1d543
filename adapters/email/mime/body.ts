/** Which parts of a mail are its words, which its HTML, and which are files. */
import libmime from 'libmime';
import { decodeText } from './charset.js';
import { htmlToPlain } from './html-text.js';
import type { MailLimits } from './limits.js';
import type { Part } from './parts.js';

export interface Body {
  /** Line feeds only; '' where nothing is written. */
  readonly text: string;
  readonly html?: string;
  /** True where a part was too long to be shown: then it is among the files too. */
  readonly isCut: boolean;
  /** Parts that are not words, in the order of the mail. */
  readonly files: readonly Part[];
}

/** Of one branch of the tree. Only one of both may be there: `text` without HTML, or the other way round. */
interface Words {
  readonly plain: readonly string[];
  readonly html: readonly string[];
  readonly files: readonly Part[];
}

const NO_WORDS: Words = { plain: [], html: [], files: [] };
/** A text that is too long to be shown, as a file. */
export const WHOLE_NAME = 'pesan-lengkap';
/** Of the widest encodings. */
const BYTES_PER_CHARACTER = 4;

export async function readBody(root: Part, limits: MailLimits): Promise<Body> {
  const words = await wordsOf(root, limits, true);
  const html = words.html.join('\n');
  return {
    text: words.plain.join('\n').replace(/^\n+/, ''),
    ...(html !== '' && { html }),
    isCut: words.files.some((file) => file.fileName?.startsWith(WHOLE_NAME) && isLong(file, limits)),
    files: words.files,
  };
}

async function wordsOf(part: Part, limits: MailLimits, isRoot = false): Promise<Words> {
  if (part.children.length > 0) {
    const branches: Words[] = [];
    for (const child of part.children) branches.push(await wordsOf(child, limits));
    return part.contentType === 'multipart/alternative' ? oneOf(branches) : allOf(branches);
  }
  if (!isText(part, isRoot)) return { ...NO_WORDS, files: isEmpty(part, isRoot) ? [] : [part] };
  return part.contentType === 'text/html' ? htmlOf(part, limits) : plainOf(part, limits);
}

/** A text with a name is a file, but for the mail that is nothing else: old programs name their only part. */
function isText(part: Part, isRoot: boolean): boolean {
  if (part.contentType !== 'text/plain' && part.contentType !== 'text/html') return false;
  if (part.disposition !== undefined && part.disposition !== 'inline') return false;
  return part.fileName === undefined || isRoot;
}

function isEmpty(part: Part, isRoot: boolean): boolean {
  return isRoot && part.bytes.length === 0;
}

/** RFC 2046, 5.1.4: the same said several times. Plain text is what the sender saw least of, but reads best. */
function oneOf(branches: readonly Words[]): Words {
  const written = branches.filter((one) => one.html.length === 0 && !isBlank(one.plain));
  const shown = branches.filter((one) => one.html.length > 0);
  const plain = written[0] ?? shown.find((one) => !isBlank(one.plain)) ?? branches[0];
  return {
    plain: plain?.plain ?? [],
    html: shown.at(-1)?.html ?? [],
    files: branches.flatMap((one) => one.files),
  };
}

function allOf(branches: readonly Words[]): Words {
  return {
    plain: branches.flatMap((one) => one.plain),
    html: branches.flatMap((one) => one.html),
    files: branches.flatMap((one) => one.files),
  };
}

function isBlank(texts: readonly string[]): boolean {
  return texts.every((text) => text.trim() === '');
}

async function plainOf(part: Part, limits: MailLimits): Promise<Words> {
  const { shown, files } = shownOf(part, limits.maxTextCharacters * BYTES_PER_CHARACTER);
  const text = lineFeeds(await decodeText(shown, part.charset));
  return {
    ...NO_WORDS,
    files,
    plain: [part.flowed ? lineFeeds(libmime.decodeFlowed(text, part.delSp)) : text],
  };
}

async function htmlOf(part: Part, limits: MailLimits): Promise<Words> {
  const { shown, files } = shownOf(part, limits.maxHtmlBytes);
  const html = await decodeText(shown, part.charset ?? charsetInside(part.bytes));
  return { plain: [lineFeeds(htmlToPlain(html))], html: files.length === 0 ? [html] : [], files };
}

function isLong(part: Part, limits: MailLimits): boolean {
  return part.bytes.length > Math.min(limits.maxTextCharacters * BYTES_PER_CHARACTER, limits.maxHtmlBytes);
}

/** What is too long to be shown is there to be opened. */
function shownOf(part: Part, maxBytes: number): { shown: Buffer; files: readonly Part[] } {
  if (part.bytes.length <= maxBytes) return { shown: part.bytes, files: [] };
  const fileName = `${WHOLE_NAME}.${part.contentType === 'text/html' ? 'html' : 'txt'}`;
  return { shown: part.bytes.subarray(0, maxBytes), files: [{ ...part, fileName }] };
}

/** `<meta charset=…>`, where the part itself names none. */
function charsetInside(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 2048).toString('latin1');
  return /<meta\b[^>]{0,200}\bcharset\s*=\s*["']?([\w.:-]{1,40})/i.exec(head)?.[1];
}

function lineFeeds(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n');
}
