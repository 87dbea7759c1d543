/**
 * What the failure of a request says of the request: whether it certainly never left. On that hangs whether a
 * reply may be sent again (docs/adr/0005), so there is one answer for every provider that is asked over HTTP.
 */

/** Failures before the request left: the provider cannot have taken anything. */
const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** TLS is set up before the request is written. */
const TLS_FAILURE = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** True only where it is certain that no byte of the request was written. */
export function isNotReached(cause: unknown): boolean {
  // Where several addresses of a name were tried, all of them must have failed so.
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.every(isNotReached);
  if (typeof cause === 'object' && cause !== null && 'syscall' in cause && cause.syscall === 'connect')
    return true;
  const code = causeCode(cause);
  return NOT_REACHED.has(code) || TLS_FAILURE.test(code);
}

/** The system's or the library's code of a failure, else its name; never its words, which may quote an address. */
export function causeCode(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null) return 'unknown';
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return 'name' in cause && typeof cause.name === 'string' ? cause.name : 'unknown';
}
