/** The rules of the played stream: https://docs.x.com/x-api/posts/filtered-stream/integrate/build-a-rule */
import { z } from 'zod';
import type { Clock, RawReply } from '../../../src/core/channel.js';
import { json, problem } from './wire.js';

export interface StreamRule {
  readonly id: string;
  readonly value: string;
  readonly tag?: string | undefined;
}

const FIRST_ID = 1_900_000_000_000_000_000n;

const ruleChange = z.looseObject({
  add: z.array(z.looseObject({ value: z.string(), tag: z.string().optional() })).optional(),
  delete: z.looseObject({ ids: z.array(z.string()) }).optional(),
});

export class StreamRules {
  readonly #clock: Clock;
  #all: StreamRule[] = [];
  #made = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): readonly StreamRule[] {
    return this.#all;
  }

  clear(): void {
    this.#all = [];
  }

  list(): RawReply {
    return json(200, { ...(this.#all.length > 0 && { data: this.#all }), meta: { sent: this.#now() } });
  }

  change(body: unknown): RawReply {
    const read = ruleChange.safeParse(body);
    if (!read.success) {
      return problem(400, 'Invalid Request', 'One or more parameters to your request was invalid.');
    }
    const { add = [], delete: removed } = read.data;
    this.#all = this.#all.filter(({ id }) => removed?.ids.includes(id) !== true);
    const doubled = add.filter(({ value }) => this.#all.some((rule) => rule.value === value));
    const fresh = add
      .filter((rule) => !doubled.includes(rule))
      .map(({ value, tag }) => ({ id: String(FIRST_ID + ++this.#made), value, tag }));
    this.#all.push(...fresh);
    const deleted = removed?.ids.length ?? 0;
    const summary = { created: fresh.length, not_created: doubled.length, deleted };
    return json(add.length > 0 ? 201 : 200, {
      ...(fresh.length > 0 && { data: fresh }),
      meta: { sent: this.#now(), summary },
      ...(doubled.length > 0 && { errors: doubled.map(({ value }) => ({ title: 'DuplicateRule', value })) }),
    });
  }

  #now(): string {
    return this.#clock.now().toISOString();
  }
}
