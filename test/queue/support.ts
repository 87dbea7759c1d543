import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../src/core/channel.js';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** Keeps what is logged, so that a test can say what may and what may not be. */
export function collectingLogger(): Logger & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const at = (level: LoggedLine['level']) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Waits until it is so; throws where it is not within `withinMs`. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  withinMs = 8_000,
  everyMs = 20,
): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(everyMs)) {
    if (await isSo()) return;
  }
  throw new Error(`not so within ${withinMs} ms: ${isSo.toString()}`);
}
