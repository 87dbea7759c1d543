/** Where the project lies, so that data files are found from the sources and from `dist/` alike. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../src/core/errors.js';

/** The nearest folder above `from` whose package.json is named tabea. Throws UserError where there is none. */
export function projectRoot(from: string = dirname(fileURLToPath(import.meta.url))): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (packageName(join(folder, 'package.json')) === 'tabea') return folder;
    if (dirname(folder) === folder) {
      throw new UserError('no_root', 'The folder of Tabea was not found.', {
        remedy: 'Keep package.json above the programme, as in the repository.',
      });
    }
  }
}

function packageName(file: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const named = typeof parsed === 'object' && parsed !== null && 'name' in parsed;
    return named && typeof parsed.name === 'string' ? parsed.name : undefined;
  } catch {
    return undefined;
  }
}
