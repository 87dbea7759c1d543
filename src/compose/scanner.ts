/** The virus scanner of this installation, where one is configured. */
import type { Config } from '../../config/load.js';
import { createClamd, type VirusScanner } from '../ops/clamav.js';

export function scannerOf({ antivirus }: Pick<Config, 'antivirus'>): { readonly scanner?: VirusScanner } {
  return antivirus.clamd === null ? {} : { scanner: createClamd(antivirus.clamd) };
}
