/** The ETag of a case is its version; `If-Match` on a move keeps two people from overwriting each other (RFC 9110, 13.1.1). */
import { Problem } from '../problem.js';

export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * The version that `If-Match` names; undefined where the header is absent or `*`.
 * Throws 412 for a list without any tag that could be ours.
 */
export function versionOf(ifMatch: string | undefined, current: number | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const versions = [...ifMatch.matchAll(/(?<!W\/)"(\d{1,9})"/g)].map(([, digits]) => Number(digits));
  const fitting = versions.find((version) => version === current) ?? versions[0];
  if (fitting === undefined) {
    throw new Problem(412, { code: 'version', detail: 'If-Match names no version of this case.' });
  }
  return fitting;
}
