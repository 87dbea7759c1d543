/** A browser without a screen: keeps cookies, reads CSRF tokens, does not follow redirects. */

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  json(): unknown;
}

export interface HttpClient {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Sends a form; `_csrf` is taken from the page last read, unless it is given. */
  form(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** The same as multipart, with files in the field `files`. */
  upload(
    path: string,
    fields: Readonly<Record<string, string>>,
    files: readonly { readonly name: string; readonly contentType: string; readonly bytes: Buffer }[],
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** The cookies as they would be sent. */
  cookies(): ReadonlyMap<string, string>;
  setCookie(name: string, value: string): void;
}

export function httpClient(base: string): HttpClient {
  const jar = new Map<string, string>();
  let csrf = '';

  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    if (!headers.has('accept')) headers.set('accept', 'text/html');
    const response = await fetch(base + path, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    const text = await response.text();
    csrf = /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? csrf;
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: () => JSON.parse(text) as unknown,
    };
  };

  return {
    get: (path, headers = {}) => send(path, { headers }),
    form: (path, fields, headers = {}) =>
      send(path, { method: 'POST', headers, body: new URLSearchParams({ _csrf: csrf, ...fields }) }),
    upload: (path, fields, files, headers = {}) => {
      const body = new FormData();
      for (const [name, value] of Object.entries({ _csrf: csrf, ...fields })) body.set(name, value);
      for (const { name, contentType, bytes } of files)
        body.append('files', new Blob([new Uint8Array(bytes)], { type: contentType }), name);
      return send(path, { method: 'POST', headers, body });
    },
    cookies: () => jar,
    setCookie: (name, value) => jar.set(name, value),
  };
}

/** Logs in; throws where that fails. */
export async function logIn(base: string, email: string, password: string): Promise<HttpClient> {
  const client = httpClient(base);
  await client.get('/console/login');
  const answer = await client.form('/console/login', { email, password });
  if (answer.status !== 303) throw new Error(`the login was answered with ${answer.status}`);
  await client.get('/console');
  return client;
}
