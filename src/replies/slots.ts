/** Bounds on what goes on at once; who comes first is served first. */

export interface Slots {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createSlots(most: number): Slots {
  let free = most;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return {
    run: async (work) => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}

/** Units that are taken many at a time and given back one by one. */
export interface Quota {
  /** Waits until a worthwhile part of `want` is there; gives that part, at most `want`. */
  take(want: number): Promise<number>;
  give(back: number): void;
}

/** `worthwhile`: fewer than this are not handed out to one who wants more. */
export function createQuota(most: number, worthwhile: number): Quota {
  let free = most;
  const waiting: { readonly want: number; readonly got: (part: number) => void }[] = [];
  const serve = () => {
    for (let next = waiting[0]; next && free >= Math.min(next.want, worthwhile); next = waiting[0]) {
      waiting.shift();
      const part = Math.min(next.want, free);
      free -= part;
      next.got(part);
    }
  };
  return {
    take: (want) =>
      new Promise((got) => {
        waiting.push({ want, got });
        serve();
      }),
    give: (back) => {
      free += back;
      if (waiting.length > 0) serve();
    },
  };
}
