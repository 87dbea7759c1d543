/** Errors that a person at a terminal can act on: one line of cause, one line of remedy, an exit code. */

export interface UserErrorOptions {
  /** What to do about it, in one line. */
  readonly remedy: string;
  /** Exit code of the process; default 1. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** Shown without a stack. Neither message nor remedy may carry a secret or a citizen's data. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** Stable, lower-case with underscores, for tests and scripts. */
  readonly code: string;
  readonly remedy: string;
  readonly exitCode: number;

  constructor(code: string, message: string, options: UserErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? 1;
  }
}

/**
 * The configuration cannot be used. Exit code 78 (`EX_CONFIG` of sysexits.h).
 * Every problem is in it, so that nobody has to start again for each; a problem names the key and the
 * environment variable, never a value.
 */
export class ConfigError extends UserError {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], remedy?: string) {
    const list =
      problems.length === 1 ? ` ${problems[0]}` : `\n${problems.map((line) => `  - ${line}`).join('\n')}`;
    super('config', `The configuration cannot be used:${list}`, {
      remedy: remedy ?? 'Correct what is named and start again.',
      exitCode: 78,
    });
    this.problems = problems;
  }
}
