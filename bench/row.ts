/** What a benchmark hands back. */
import type { Compared } from './measure.js';

export interface Row {
  readonly name: string;
  /** What is divided by what. */
  readonly what: string;
  /** Of the rates: `req/s`, `msg/s`, `replies/s`. */
  readonly unit: string;
  readonly compared: Compared;
  /** Ratio to reach, and to aim at. */
  readonly least: number;
  readonly aim: number;
  /** How it was measured, and what was verified afterwards. */
  readonly notes: readonly string[];
}

/** A value that must not exceed a bound, rather than a ratio. */
export interface BoundRow {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** Which of the values is held against the bound. */
  readonly counts: 'median' | 'max';
  readonly most: number;
  readonly aim: number;
  readonly notes: readonly string[];
}

export interface BenchContext {
  readonly runs: number;
  readonly profileDir?: string | undefined;
  /** A line on standard error. */
  tell(line: string): void;
}

/** Throws where a benchmark is to be believed only if this holds. */
export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Not believable: ${what}`);
}
