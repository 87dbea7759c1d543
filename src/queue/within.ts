/** Bounds on waiting. */

export class TooLateError extends Error {
  override readonly name = 'TooLateError';
}

/** The result of `work` if it comes within `ms`; throws TooLateError where it does not. `work` goes on. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLateError(`not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
