/** Leaves out what is undefined: the difference that `exactOptionalPropertyTypes` makes. */

export type WithoutUndefined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

export function omitAbsent<T extends object>(value: T): WithoutUndefined<T> {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  // The compiler cannot follow a filter over entries.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(entries) as WithoutUndefined<T>;
}
