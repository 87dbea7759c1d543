/** The MIME tree of a raw mail, within bounds. mailsplit finds the parts; nothing is lost where it finds none. */
import { buffer } from 'node:stream/consumers';
import mailsplit, { type SplitterChunk } from '@zone-eu/mailsplit';
import { MailHeaders } from './headers.js';
import { UnreadableMail, type MailLimits } from './limits.js';

export interface Part {
  /** Lower case, `type/subtype`. */
  readonly contentType: string;
  readonly headers: MailHeaders;
  readonly charset: string | undefined;
  /** `attachment`, `inline`, anything else that a mailer says; lower case. */
  readonly disposition: string | undefined;
  /** Decoded, not made safe. */
  readonly fileName: string | undefined;
  /** `format=flowed`, and whether the space before a soft break goes too (RFC 3676). */
  readonly flowed: boolean;
  readonly delSp: boolean;
  readonly children: readonly Part[];
  /** Content with the transfer encoding taken off; empty for a multipart with parts. */
  readonly bytes: Buffer;
}

type SplitNode = Extract<SplitterChunk, { type: 'node' }>;

interface Draft {
  readonly node: SplitNode;
  readonly depth: number;
  readonly children: Draft[];
  readonly body: Buffer[];
}

const EMPTY = Buffer.alloc(0);

/** Throws UnreadableMail beyond the bounds. */
export async function readParts(raw: Buffer, limits: MailLimits): Promise<Part> {
  const splitter = new mailsplit.Splitter({
    // An enclosed mail is a file: its words are not those of the sender.
    ignoreEmbedded: true,
    maxHeadSize: limits.maxHeaderBytes,
    maxChildNodes: limits.maxParts,
  });
  const drafts = new Map<SplitNode, Draft>();
  let root: Draft | undefined;
  splitter.end(raw);
  try {
    for await (const chunk of splitter as AsyncIterable<SplitterChunk>) {
      if (chunk.type !== 'node') {
        drafts.get(chunk.node)?.body.push(chunk.value);
        continue;
      }
      const parent = chunk.parentNode === false ? undefined : drafts.get(chunk.parentNode);
      const draft: Draft = { node: chunk, depth: (parent?.depth ?? 0) + 1, children: [], body: [] };
      if (draft.depth > limits.maxDepth)
        throw new UnreadableMail('too_deep', `parts lie deeper than ${limits.maxDepth}`);
      drafts.set(chunk, draft);
      parent?.children.push(draft);
      root ??= draft;
    }
  } catch (error) {
    throw isTooLong(error) ? new UnreadableMail('too_complex', 'too many parts or too long headers') : error;
  }
  return root === undefined ? emptyPart() : finish(root);
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EMAXLEN';
}

async function finish({ node, children, body }: Draft): Promise<Part> {
  const parts: Part[] = [];
  for (const child of children) parts.push(await finish(child));
  return {
    contentType: typeOf(node, parts.length > 0),
    headers: new MailHeaders(linesOf(node)),
    charset: node.charset || undefined,
    disposition: node.disposition || undefined,
    fileName: node.filename || undefined,
    flowed: node.flowed,
    delSp: node.delSp,
    children: parts,
    bytes: parts.length > 0 ? EMPTY : await decode(node, body),
  };
}

/** A multipart in which no part begins is text (its boundary is wrong or missing), and so is a nameless type. */
function typeOf(node: SplitNode, hasParts: boolean): string {
  const named = node.contentType || '';
  if (named.startsWith('multipart/')) return hasParts ? named : 'text/plain';
  if (/^[\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,100}$/.test(named)) return named;
  return node.filename || node.disposition === 'attachment' ? 'application/octet-stream' : 'text/plain';
}

async function decode(node: SplitNode, body: readonly Buffer[]): Promise<Buffer> {
  const [only, ...others] = body;
  if (only === undefined) return EMPTY;
  if (node.encoding !== 'base64' && node.encoding !== 'quoted-printable') {
    return others.length === 0 ? only : Buffer.concat(body);
  }
  const decoder = node.getDecoder();
  for (const chunk of body) decoder.write(chunk);
  decoder.end();
  return buffer(decoder);
}

function linesOf(node: SplitNode) {
  return node.headers === false ? [] : node.headers.getList();
}

function emptyPart(): Part {
  return {
    contentType: 'text/plain',
    headers: new MailHeaders([]),
    charset: undefined,
    disposition: undefined,
    fileName: undefined,
    flowed: false,
    delSp: false,
    children: [],
    bytes: EMPTY,
  };
}
