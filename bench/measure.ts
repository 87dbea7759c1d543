/** How a subject is measured against its limit: in turn, in one run, on one machine. */

/** Rates a second; `unit` of the table says of what. */
export interface Compared {
  readonly limit: readonly number[];
  readonly subject: readonly number[];
  /** Subject ÷ limit of each pair. */
  readonly ratios: readonly number[];
}

export interface Sides {
  /** Each resolves with a rate a second. */
  limit(run: number): Promise<number>;
  subject(run: number): Promise<number>;
}

/** Limit, subject, limit, subject …: what disturbs the machine for a while disturbs both. */
export async function alternate(runs: number, sides: Sides, tell: (line: string) => void): Promise<Compared> {
  const limit: number[] = [];
  const subject: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const ofLimit = await sides.limit(run);
    const ofSubject = await sides.subject(run);
    limit.push(ofLimit);
    subject.push(ofSubject);
    tell(
      `run ${run}: ${ofSubject.toFixed(0)}/s, limit ${ofLimit.toFixed(0)}/s, ${(ofSubject / ofLimit).toFixed(2)}`,
    );
  }
  return { limit, subject, ratios: subject.map((rate, run) => rate / (limit[run] ?? Number.NaN)) };
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1
      ? (sorted[Math.floor(middle)] ?? Number.NaN)
      : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** Seconds that `work` takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}
