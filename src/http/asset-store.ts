/** Stylesheets and scripts: served by ourselves, compressed once, cached for ever under the hash of their bytes. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { notFound } from './problem.js';

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** Ours lie in `src/http/assets/`; `module` is a file of a package. */
const FILES = {
  'tabler.css': { type: STYLE, own: 'tabler.css' },
  'tabea.css': { type: STYLE, own: 'tabea.css' },
  'tabea.js': { type: SCRIPT, own: 'tabea.js' },
  'simulator.css': { type: STYLE, own: 'simulator.css' },
  'simulator.js': { type: SCRIPT, own: 'simulator.js' },
  'htmx.js': { type: SCRIPT, module: 'htmx.org/dist/htmx.min.js' },
  'favicon.svg': { type: 'image/svg+xml', own: 'favicon.svg' },
} as const;
export type AssetName = keyof typeof FILES;

interface Asset {
  readonly type: string;
  readonly hash: string;
  readonly plain: Buffer;
  readonly br: Buffer;
  readonly gzip: Buffer;
}

export interface AssetStore {
  /** Address that changes with the bytes. */
  url(name: AssetName): string;
  /** Handler of `/assets/:hash/:name`. */
  serve(request: Request, response: Response): void;
}

/** Reads and compresses every file, once per process. */
export function openAssetStore(): AssetStore {
  const assets = loadAll();
  return {
    url: (name) => `/assets/${get(assets, name).hash}/${name}`,
    serve: (request, response) => {
      const name = String(request.params['name']);
      const asset = assets.get(name);
      if (asset === undefined || request.params['hash'] !== asset.hash) throw notFound();
      const encoding = request.acceptsEncodings(['br', 'gzip', 'identity']);
      const body = encoding === 'br' ? asset.br : encoding === 'gzip' ? asset.gzip : asset.plain;
      if (encoding === 'br' || encoding === 'gzip') response.set('content-encoding', encoding);
      response.set({
        'content-type': asset.type,
        'cache-control': 'public, max-age=31536000, immutable, no-transform',
        vary: 'accept-encoding',
      });
      response.send(body);
    },
  };
}

let loaded: ReadonlyMap<string, Asset> | undefined;

function loadAll(): ReadonlyMap<string, Asset> {
  loaded ??= new Map(Object.entries(FILES).map(([name, file]) => [name, load(file)]));
  return loaded;
}

function load(file: { type: string; own?: string; module?: string }): Asset {
  const path =
    file.module === undefined
      ? join(packageRoot(), 'src/http/assets', file.own ?? '')
      : createRequire(import.meta.url).resolve(file.module);
  const plain = readFileSync(path);
  return {
    type: file.type,
    plain,
    hash: createHash('sha256').update(plain).digest('base64url').slice(0, 12),
    br: brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    gzip: gzipSync(plain, { level: 9 }),
  };
}

/** Assets are not compiled, so that from `dist/` they are found in the sources of the package. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('package.json not found above the HTTP application');
    folder = parent;
  }
  return folder;
}

function get(assets: ReadonlyMap<string, Asset>, name: AssetName): Asset {
  const asset = assets.get(name);
  if (asset === undefined) throw new Error(`no asset ${name}`);
  return asset;
}
