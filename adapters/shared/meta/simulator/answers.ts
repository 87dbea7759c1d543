/** Answers of the played Graph API. */
import type { RawReply } from '../../../../src/core/channel.js';

export function graphJson(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): RawReply {
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'facebook-api-version': 'v26.0',
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

/** https://developers.facebook.com/docs/graph-api/guides/error-handling#receiving-errorcodes */
export function graphProblem(
  status: number,
  code: number,
  message: string,
  more: { readonly subcode?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): RawReply {
  const subcode = more.subcode === undefined ? {} : { error_subcode: more.subcode };
  const error = {
    message: `(#${code}) ${message}`,
    type: 'OAuthException',
    code,
    ...subcode,
    fbtrace_id: 'played',
  };
  return graphJson(status, { error }, more.headers);
}

/** One page of a list, with Graph's cursors. */
export function graphPage(items: readonly unknown[], query: URLSearchParams): RawReply {
  const limit = Math.min(Math.max(Number(query.get('limit') ?? 25), 1), 100);
  const start = Number(Buffer.from(query.get('after') ?? '', 'base64').toString() || '0');
  const end = start + limit;
  const cursors = { after: Buffer.from(String(end)).toString('base64') };
  const next = end < items.length ? { next: 'https://graph.facebook.com/next' } : {};
  return graphJson(200, { data: items.slice(start, end), paging: { cursors, ...next } });
}

/** As Graph writes times: whole seconds, `+0000`. */
export function graphTime(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, '+0000');
}
