/** Lets the virus scanner judge a file before it is handed out or taken in; without a verdict it is neither. */
import { ScannerError, type VirusScanner } from '../../ops/clamav.js';
import type { Logger } from '../../core/channel.js';
import { Problem } from '../problem.js';

export interface Scanning {
  /** Absent where none is configured. */
  readonly scanner?: VirusScanner;
  readonly logger: Logger;
}

/** Throws 403 `infected` and 503 `scanner-away`. `where`: ids for the log, never names. */
export async function demandClean(
  { scanner, logger }: Scanning,
  bytes: Buffer,
  where: object,
): Promise<void> {
  if (scanner === undefined) return;
  const verdict = await scanner.scan(bytes).catch((error: unknown) => {
    if (!(error instanceof ScannerError)) throw error;
    logger.error(
      { ...where, trouble: error.trouble },
      'The virus scanner gave no verdict; the file is held back',
    );
    throw away(error);
  });
  if (verdict.state === 'clean') return;
  logger.warn(
    { ...where, signature: verdict.signature },
    'The virus scanner found something; the file is held back',
  );
  throw new Problem(403, {
    code: 'infected',
    detail: 'The virus scanner found something in this file. It is kept, and not handed out.',
    members: { signature: verdict.signature },
  });
}

function away(error: ScannerError): Problem {
  if (error.trouble === 'size') {
    return new Problem(503, { code: 'scanner-size', detail: `${error.message}.`, cause: error });
  }
  return new Problem(503, {
    code: 'scanner-away',
    detail:
      'The virus scanner does not answer, so files are held back: start clamd, or check antivirus.clamd.',
    headers: { 'retry-after': '30' },
    cause: error,
  });
}
