/** `run.json` of a data folder: what the gateway and the command line must know to share its database. */
import { existsSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';

const runFile = z.object({
  /** Loopback port of the embedded PostgreSQL; kept over restarts where it stays free. */
  port: z.number().int(),
  password: z.string(),
  /** Folder of the cluster where it could not lie in the data folder; otherwise absent. */
  home: z.string().optional(),
  /** Process id of the running gateway; absent where none runs. */
  gateway: z.number().int().optional(),
});

export type RunFile = z.infer<typeof runFile>;

function pathOf(dataFolder: string): string {
  return join(dataFolder, 'run.json');
}

/** `undefined` where the folder has none. */
export async function readRunFile(dataFolder: string): Promise<RunFile | undefined> {
  const path = pathOf(dataFolder);
  if (!existsSync(path)) return undefined;
  const text = await readFile(path, 'utf8');
  try {
    return runFile.parse(JSON.parse(text));
  } catch (cause) {
    throw new UserError('run_file_damaged', `${path} is damaged.`, {
      remedy: `Restore it from a backup; where the folder ${join(dataFolder, 'postgres')} exists, deleting it is enough.`,
      cause,
    });
  }
}

/** Readable by its owner only; complete and on the disk before it takes the place of the old one. */
export async function writeRunFile(dataFolder: string, content: RunFile): Promise<void> {
  const path = pathOf(dataFolder);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
