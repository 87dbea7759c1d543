/** What went wrong with the embedded database, in one line with a remedy: a pure table. */
import { UserError } from '../core/errors.js';
import { errorCode } from './process-alive.js';

interface Place {
  readonly dataDir: string;
  readonly log: string;
}

interface Known {
  readonly code: string;
  /** Codes of system errors and words of PostgreSQL. */
  readonly signs: RegExp;
  readonly message: (place: Place) => string;
  readonly remedy: (place: Place) => string;
}

const KNOWN: readonly Known[] = [
  {
    code: 'disk_full',
    signs: /ENOSPC|EDQUOT|No space left|Disk quota exceeded/i,
    message: ({ dataDir }) => `The disk that holds ${dataDir} is full.`,
    remedy: () => 'Free some space and start again; nothing that was stored is lost.',
  },
  {
    code: 'postgres_version',
    signs: /incompatible with server|not compatible with this version/i,
    message: ({ dataDir }) => `The database in ${dataDir} was made by another version of PostgreSQL.`,
    remedy: () => 'Run the version of Tabea that made it, and export from there.',
  },
  {
    code: 'database_damaged',
    signs:
      /could not locate a valid checkpoint|invalid checkpoint|control file .*(corrupt|CRC)|invalid page|could not open file .*(global|pg_)/i,
    message: ({ dataDir }) => `The files of the database in ${dataDir} are damaged.`,
    remedy: ({ log }) => `Restore the data folder from a backup; what PostgreSQL says is in ${log}.`,
  },
  {
    code: 'data_folder_not_writable',
    signs: /EACCES|EPERM|EROFS|ENOTDIR|EEXIST|Permission denied|Read-only file system|wrong ownership/i,
    message: ({ dataDir }) => `The data folder ${dataDir} cannot be written.`,
    remedy: () => 'Give it to the user that runs Tabea, or set TABEA_DATA_DIR to a folder of his.',
  },
  {
    code: 'memory',
    signs: /ENOMEM|Cannot allocate memory|could not map anonymous shared memory/i,
    message: () => 'There is not enough memory for the embedded PostgreSQL.',
    remedy: () => 'Free about 300 MB of memory, or set DATABASE_URL to a server elsewhere.',
  },
];

/** `said`: the output of the program that failed and the end of the server's log. A UserError stays itself. */
export function asUserError(error: unknown, said: string, place: Place): UserError {
  if (error instanceof UserError) return error;
  const text = `${errorCode(error) ?? ''}\n${error instanceof Error ? error.message : String(error)}\n${said}`;
  const known = KNOWN.find(({ signs }) => signs.test(text));
  if (known) {
    return new UserError(known.code, known.message(place), { remedy: known.remedy(place), cause: error });
  }
  return new UserError(
    'postgres_failed',
    `The embedded PostgreSQL did not start: ${lastWords(said, error)}`,
    {
      remedy: `Look into ${place.log}, or set DATABASE_URL to a PostgreSQL of your own.`,
      cause: error,
    },
  );
}

function lastWords(said: string, error: unknown): string {
  const fatal = said.split('\n').filter((line) => /(FATAL|PANIC|error):/.test(line));
  const words = fatal.at(-1)?.replace(/^.*?(FATAL|PANIC|error):\s*/, '');
  return words ?? (error instanceof Error ? error.message : String(error));
}
