/**
 * The log of the gateway: JSON lines by pino. What citizens wrote, where they can be reached and what is
 * secret cannot get into it: fields of such names are replaced, buffers are told by their length, and of an
 * error only that is kept which cannot quote a value.
 */
import { types } from 'node:util';
import { pino, type DestinationStream, type LogFn, type Logger as PinoLogger } from 'pino';

export type { Logger as PinoLogger } from 'pino';

export interface LogOptions {
  /** pino level: `fatal`, `error`, `warn`, `info`, `debug`, `trace`, `silent`. */
  readonly level: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** Names under which personal data or secrets travel; compared in lower case, at every depth. */
const HIDDEN_FIELDS = new Set(
  (
    'text body subject payload part raw content from to cc bcc sender recipient address addresses value name ' +
    'reporter identity phone email mail msisdn target url uri query search headers cookie cookies authorization ' +
    'password passwd secret token key apikey signature params parameters values detail where hint attachments'
  ).split(' '),
);

const HIDDEN = '[hidden]';
const MAX_DEPTH = 5;

/** A logger whose every field passes through `safeFields`. */
export function createLogger(options: LogOptions): PinoLogger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: safeFields },
    // pino's own serialisers would write `err.message`; the fields are safe already.
    hooks: { logMethod: demandMessage },
    serializers: { err: (value: unknown) => value, error: (value: unknown) => value },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/** Where there is no message, pino takes that of the error; it gets the name of its class instead. */
function demandMessage(this: PinoLogger, args: Parameters<LogFn>, method: LogFn): void {
  const [first, message] = args;
  const fields = isError(first) ? { err: first } : first;
  if (message !== undefined || typeof fields !== 'object' || fields === null || !('err' in fields)) {
    method.apply(this, args);
  } else {
    method.apply(this, [fields, isError(fields.err) ? fields.err.name : 'error']);
  }
}

/** The fields with everything hidden that may not be logged. Exported for tests and other writers. */
export function safeFields(fields: Record<string, unknown>): Record<string, unknown> {
  return safeObject(fields, 0);
}

function safeObject(fields: object, depth: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    safe[name] = HIDDEN_FIELDS.has(name.toLowerCase()) ? HIDDEN : safeValue(value, depth);
  }
  return safe;
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (isError(value)) return safeError(value);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return HIDDEN;
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => safeValue(item, depth + 1));
  return safeObject(value, depth + 1);
}

/**
 * What may be told of an error: its class, code and frames, for PostgreSQL's errors also severity and routine,
 * and the message only where it cannot hold data. PostgreSQL quotes the value (`invalid input syntax for type
 * json: "…"`), Drizzle lists the parameters, `JSON.parse` quotes the text, mail servers and SMS providers
 * repeat the address: of those the message is left out, of unknown ones it is cleaned.
 */
export function safeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!isError(error)) return { type: typeof error };
  const known: Error & Partial<Record<'code' | 'severity' | 'routine', unknown>> = error;
  const safe: Record<string, unknown> = { type: error.name };
  if (typeof known.code === 'string' || typeof known.code === 'number') safe['code'] = known.code;
  if (isFromPostgres(error)) {
    safe['severity'] = known.severity;
    safe['routine'] = known.routine;
  } else {
    const message = safeMessage(error);
    if (message !== undefined) safe['message'] = message;
  }
  const frames = framesOf(error);
  if (frames.length > 0) safe['stack'] = frames;
  if (known.cause !== undefined && depth < 3) safe['cause'] = safeError(known.cause, depth + 1);
  return safe;
}

/** Our own classes, whose messages are written for logs, and JavaScript's that name code and not data. */
const CLEAN_MESSAGES = new Set([
  'ChannelError',
  'UserError',
  'ConfigError',
  'StoreUnavailable',
  'TornSpoolFile',
  'TypeError',
  'ReferenceError',
  'AbortError',
]);

function safeMessage(error: Error): string | undefined {
  if (CLEAN_MESSAGES.has(error.name) || 'syscall' in error) return error.message.slice(0, 500);
  if (error.name === 'SyntaxError' || 'params' in error || 'query' in error) return undefined;
  return error.message
    .slice(0, 300)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`|<[^>]*>/g, '"…"')
    .replace(/\S+@\S+/g, '…@…')
    .replace(/\+?\d[\d ().-]{5,}\d/g, '…');
}

function isFromPostgres(error: Error): boolean {
  return 'severity' in error && 'code' in error && 'routine' in error;
}

/** The frames without the first lines, which repeat the message. */
function framesOf(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return lines.slice(0, 12).map((line) => line.trim());
}

/** Also of another realm, where `instanceof` would not know it and its fields would be told as they are. */
function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}
