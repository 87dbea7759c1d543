/** Installs and builds what is missing, then hands over to the built program in this same process. */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { Trouble } from './exclusively.mjs';
import { ensureInstalled } from './install.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** `args`: the command line of Tabea, or `--run <file below dist> …` for another program of the build. */
export async function launch(args) {
  try {
    // An image is built without compiler and npm; there is nothing to look after in it.
    if (process.env.TABEA_PREBUILT !== '1') {
      await ensureInstalled(ROOT);
      await ensureBuilt(ROOT);
    }
    const other = args[0] === '--run';
    const program = other ? args[1] : 'src/cli.js';
    const { main } = await import(pathToFileURL(join(ROOT, 'dist', program)).href);
    const exitCode = await main?.(other ? args.slice(2) : args);
    if (typeof exitCode === 'number') process.exitCode = exitCode;
  } catch (error) {
    process.exitCode = tell(error);
  }
}

/** What a person can mend is told without a stack. Returns the exit code. */
function tell(error) {
  const forPeople = error instanceof Trouble || (error instanceof Error && typeof error.remedy === 'string');
  if (!forPeople) {
    console.error(error);
    return 1;
  }
  console.error(`Tabea: ${error.message}\n  ${error.remedy}`);
  return error.exitCode ?? 1;
}
