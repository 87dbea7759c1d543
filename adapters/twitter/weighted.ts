/**
 * Length of a text as X counts it: https://docs.x.com/fundamentals/counting-characters. X's own library
 * `twitter-text` is not used: its last release is years old and brings core-js 2. The figures here were
 * compared with it (test/adapters/twitter/weighted.test.ts); over random rubbish of dots and links two in a hundred
 * differ, nearly always to the safe side.
 */
import { createRequire } from 'node:module';
import { z } from 'zod';

/** Weighted characters of one post. */
export const POST_LIMIT = 280;
/** Every link is shortened to so many. */
export const URL_WEIGHT = 23;

/** Code points that weigh one; all others weigh two. Configuration v3 of X. */
const LIGHT: readonly (readonly [number, number])[] = [
  [0, 4_351],
  [8_192, 8_205],
  [8_208, 8_223],
  [8_242, 8_247],
];

/** A sequence that is drawn as one picture weighs two, however long. */
const EMOJI = new RegExp(String.raw`\p{RGI_Emoji}`, 'gv');

// JSON, which Node.js 20 imports with a warning only.
const tlds = z.array(z.string()).parse(createRequire(import.meta.url)('tlds'));
const TLD = `(?:${tlds.toSorted((a, b) => b.length - a.length).join('|')})`;
const LATIN = String.raw`a-z0-9\u00c0-\u024f`;
/** What may follow the last label of a domain does not make it longer. */
const DOMAIN_END = '(?![a-z0-9@+-])';
const PATH_REQUIRED = String.raw`/[\p{Script=Latin}\p{Script=Cyrillic}0-9!*';:=+,.$/%#[\]\u2013_~@|&()-]*`;
const PATH = `(?:${PATH_REQUIRED})?`;
const QUERY = String.raw`(?:\?[a-z0-9!?*'@();:&=+$/%#[\]_.,~|-]*)?`;
const PORT = '(?::[0-9]{1,5})?';
/**
 * X makes a link of `lapor.go.id` too, without a scheme. What follows one of these characters is part of an address,
 * a handle or a tag.
 */
const WITH_SCHEME = String.raw`(?<![a-z0-9@＠$#＃])https?://(?:[\p{L}\p{M}\p{N}_-]{1,63}\.)+${TLD}${DOMAIN_END}${PORT}${PATH}${QUERY}`;
const BARE = String.raw`(?<![a-z0-9@＠$#＃_./-])(?:[${LATIN}-]{1,63}\.)+${TLD}${DOMAIN_END}(?:${PORT}${PATH_REQUIRED}${QUERY})?`;
const LINK = new RegExp(`${WITH_SCHEME}|${BARE}`, 'giu');
const TRAILING = /[.,;:!?*'")(\]|$%~…’”]+$/u;

/** Links in a text, as they stand there. */
export function linksOf(text: string): string[] {
  return [...text.matchAll(LINK)].map(([link]) => link.replace(TRAILING, ''));
}

/** Weighted characters. */
export function weightOf(text: string): number {
  const normal = text.normalize('NFC');
  let rest = normal;
  let weight = 0;
  for (const link of linksOf(normal)) {
    const at = rest.indexOf(link);
    weight += plainWeight(rest.slice(0, at)) + URL_WEIGHT;
    rest = rest.slice(at + link.length);
  }
  return weight + plainWeight(rest);
}

function plainWeight(text: string): number {
  let weight = 0;
  let at = 0;
  for (const match of text.matchAll(EMOJI)) {
    weight += charactersWeight(text.slice(at, match.index)) + 2;
    at = match.index + match[0].length;
  }
  return weight + charactersWeight(text.slice(at));
}

function charactersWeight(text: string): number {
  let weight = 0;
  for (const character of text) weight += isLight(character.codePointAt(0) ?? 0) ? 1 : 2;
  return weight;
}

function isLight(code: number): boolean {
  return LIGHT.some(([first, last]) => code >= first && code <= last);
}
