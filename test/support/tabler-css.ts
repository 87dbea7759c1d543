/** The part of Tabler's stylesheet that our pages use: 635 kB become a few dozen. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PurgeCSS } from 'purgecss';

/** The same for the same sources. `root`: of the project. */
export async function purgeTabler(root: string): Promise<string> {
  const tabler = createRequire(import.meta.url).resolve('@tabler/core/dist/css/tabler.min.css');
  const [result] = await new PurgeCSS().purge({
    content: [join(root, 'src/http/**/*.tsx')],
    css: [{ raw: await readFile(tabler, 'utf8') }],
    variables: true,
    keyframes: true,
    fontFace: true,
  });
  const css = (result?.css ?? '').replace(/\/\*#.*?\*\//g, '').trim();
  return `/*! Tabler, Copyright 2018-2026 The Tabler Authors, MIT licence: https://tabler.io. Only what the pages use. */\n${css}\n`;
}
