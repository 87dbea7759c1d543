import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

/** Sources import `./x.js`, as they will be after the build; the file is `./x.ts` or `./x.tsx`. */
export async function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL) {
    const built = new URL(specifier, context.parentURL);
    for (const extension of ['.ts', '.tsx']) {
      const source = new URL(built.href.slice(0, -'.js'.length) + extension);
      if (!existsSync(built) && existsSync(source)) return { url: source.href, shortCircuit: true };
    }
  }
  return await next(specifier, context);
}

export async function load(url, context, next) {
  if (!/\.tsx?$/.test(url)) return await next(url, context);
  const { code } = await transformFile(fileURLToPath(url));
  return { format: 'module', source: code, shortCircuit: true };
}
