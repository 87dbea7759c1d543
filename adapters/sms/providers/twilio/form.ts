import { parse as parseQuery, unescape } from 'node:querystring';
import type { RawRequest } from '../../../../src/core/channel.js';

/** Twilio sends some 25 parameters, and up to 3 for each of 10 media. */
export const MAX_PARAMETERS = 1_000;

/** So many that not even the signature is worth computing. */
const MAX_SIGNED_PARAMETERS = 20_000;

export type FormParameters = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Form {
  /** Decoded; a repeated name has an array. No prototype, so that no name is special. */
  readonly parameters: FormParameters;
  /** Pairs in the body. */
  readonly count: number;
  /** The body as text, not decoded. */
  readonly raw: string;
}

const forms = new WeakMap<RawRequest, Form>();

/**
 * The body of a request as form parameters. Read once for `verify` and `parse`.
 * Beyond 20,000 pairs the parameters stay empty: nothing signed looks like that.
 */
export function formOf(request: RawRequest): Form {
  const known = forms.get(request);
  if (known) return known;
  const raw = request.body.toString('utf8');
  const count = countPairs(request.body);
  const parameters = count > MAX_SIGNED_PARAMETERS ? {} : parseQuery(raw, '&', '=', { maxKeys: 0 });
  const form: Form = { parameters, count, raw };
  forms.set(request, form);
  return form;
}

/** The first value of a parameter. */
export function value(form: Form, name: string): string | undefined {
  const found = form.parameters[name];
  return typeof found === 'string' || found === undefined ? found : found[0];
}

/**
 * A value with lone surrogates kept. A telephone can split an emoji over two messages; the half then comes
 * as the three bytes `ED A0..BF xx`, of which a strict UTF-8 decoder makes replacement characters.
 */
export function exactValue(form: Form, name: string): string | undefined {
  const decoded = value(form, name);
  if (!decoded?.includes('\uFFFD')) return decoded;
  const pair = form.raw.split('&').find((part) => part.startsWith(`${name}=`));
  return pair === undefined ? decoded : decodeKeepingSurrogates(pair.slice(name.length + 1));
}

function decodeKeepingSurrogates(encoded: string): string {
  return encoded
    .replaceAll('+', ' ')
    .split(/((?:%ED%[AB][0-9A-F]%[89AB][0-9A-F])+)/i)
    .map((part, index) => (index % 2 === 0 ? decodeBytes(part) : decodeSurrogates(part)))
    .join('');
}

function decodeBytes(encoded: string): string {
  return unescape(encoded);
}

function decodeSurrogates(encoded: string): string {
  const bytes = Buffer.from(encoded.replaceAll('%', ''), 'hex');
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    text += String.fromCharCode(0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f));
  }
  return text;
}

function countPairs(body: Buffer): number {
  if (body.length === 0) return 0;
  let count = 1;
  for (let at = body.indexOf(0x26); at !== -1; at = body.indexOf(0x26, at + 1)) count++;
  return count;
}
