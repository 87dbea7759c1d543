/** Says once that the broker is away and once that it is back, instead of once a second. */
import type { Logger } from '../core/channel.js';

export interface OutageLog {
  /** Something failed; logged at most every `quietMs` for the same words. */
  failed(error: unknown, what: string): void;
  /** It works again. */
  recovered(): void;
}

export function createOutageLog(logger: Logger, fields: object, quietMs = 60_000): OutageLog {
  const said = new Map<string, number>();
  return {
    failed: (error, what) => {
      const words = describe(error);
      const now = Date.now();
      const last = said.get(words);
      if (last !== undefined && now - last < quietMs) return;
      if (said.size > 50) said.clear();
      said.set(words, now);
      logger.warn({ ...fields, error: words }, what);
    },
    recovered: () => {
      if (said.size === 0) return;
      said.clear();
      logger.info(fields, 'The queue works again');
    },
  };
}

/** Words for the log: class, code and message. Never `detail`, in which PostgreSQL quotes values. */
export function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { name, code, message } = { name: 'Error', code: '', message: '', ...fieldsOf(error) };
  return `${name}${code && ` ${code}`}: ${message}`.slice(0, 300);
}

function fieldsOf(error: object): { name?: string; code?: string; message?: string } {
  const text = (key: string) => {
    const value: unknown = Reflect.get(error, key);
    return typeof value === 'string' && value !== '' ? { [key]: value } : {};
  };
  return { ...text('name'), ...text('code'), ...text('message') };
}
