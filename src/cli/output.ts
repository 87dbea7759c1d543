/** What a command prints: results on standard output, everything else on standard error. */
import { UserError } from '../core/errors.js';

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function hint(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Rows under a header, columns as wide as their longest cell. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  for (const row of [header, ...rows]) print(line(row));
}

/** Cause and remedy in a line each; the exit code. A stack is for errors that nobody foresaw. */
export function reportError(error: unknown): number {
  if (error instanceof UserError) {
    hint(`tabea: ${error.message}`);
    hint(`  ${error.remedy}`);
    return error.exitCode;
  }
  // The message of a foreign error may quote a value; its kind and place do not.
  const place =
    error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  hint(`tabea: an unexpected ${error instanceof Error ? error.name : typeof error} stopped this command`);
  for (const line of place.slice(0, 6)) hint(line);
  hint('  Run `npx tabea doctor`; if it finds nothing, please report these lines.');
  return 70;
}
