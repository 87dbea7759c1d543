/** Reads the configuration of a city: every file, every problem at once. */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { ConfigError } from '../src/core/errors.js';
import type { ThreadingTimes } from '../src/core/threading.js';
import type { WorkCalendar } from '../src/core/working-time.js';
import { calendarProblems, makeCalendar } from './calendar.js';
import type { Env } from './env.js';
import { interpolate, secretNames } from './interpolate.js';
import { loadMessages, type Messages } from './messages.js';
import { problemsOf } from './problems.js';
import {
  calendarSchema,
  citySchema,
  sopSchema,
  type ChannelConfig,
  type City,
  type CityFile,
  type Language,
  type Opd,
  type Sop,
} from './schema.js';

export type { ChannelConfig, City, Language, Opd, Sop, SopStep } from './schema.js';
export type { Messages } from './messages.js';

/** What a city has decided. `channels` has the disabled ones too. */
export interface Config {
  /** Absolute path of the city's file. */
  readonly file: string;
  /** Names of the environment that the city's file demands (`${NAME}` without a default). */
  readonly secretNames: readonly string[];
  readonly city: City;
  readonly opds: readonly Opd[];
  readonly channels: readonly ChannelConfig[];
  readonly threading: ThreadingTimes;
  readonly acknowledgement: CityFile['acknowledgement'];
  readonly deadlines: CityFile['deadlines'] & { readonly answerWorkingDays: number };
  readonly closing: CityFile['closing'];
  readonly emergency: CityFile['emergency'];
  readonly antivirus: CityFile['antivirus'];
  readonly sop: Sop;
  readonly calendar: WorkCalendar;
  /** Years of the calendar that wait for the decree. */
  readonly provisionalYears: readonly number[];
  readonly messages: Readonly<Record<Language, Messages>>;
}

/**
 * @param options.file instead of `env.configFile`.
 * Throws ConfigError with every problem of every file. Secrets are not demanded here: see resolveChannelSettings.
 */
export function loadConfig(options: { readonly env: Env; readonly file?: string }): Config {
  const { env } = options;
  const file = resolve(options.file ?? env.configFile);
  const problems: string[] = [];

  const document = readYaml(file);
  const main = check(citySchema, interpolate(document, env.variables), basename(file), problems);
  if (!main) throw new ConfigError(problems);
  const beside = (name: string) => resolve(dirname(file), name);
  const sop = collect(problems, () => check(sopSchema, readYaml(beside(main.sop)), main.sop, problems));
  const days = collect(problems, () =>
    check(calendarSchema, readYaml(beside(main.calendar)), main.calendar, problems),
  );
  const messages = collect(problems, () => loadMessages(beside(main.messages)));

  problems.push(...cityProblems(main, basename(file)));
  problems.push(...channelListProblems(main, env.channels));
  if (sop) problems.push(...sopProblems(sop, main.sop));
  if (days) problems.push(...calendarProblems(days, main.calendar));
  if (problems.length > 0 || !sop || !days || !messages) throw new ConfigError(problems);

  return {
    file,
    secretNames: secretNames(document),
    city: main.city,
    opds: main.opds,
    channels: enabledBy(main.channels, env.channels),
    threading: {
      continuationMs: main.threading.continuationMinutes * 60_000,
      answerMs: main.threading.answerHours * 3_600_000,
    },
    acknowledgement: main.acknowledgement,
    deadlines: { ...main.deadlines, answerWorkingDays: sop.answerWorkingDays },
    closing: main.closing,
    emergency: main.emergency,
    antivirus: main.antivirus,
    sop,
    calendar: makeCalendar(days),
    provisionalYears: days.provisionalYears,
    messages,
  };
}

/** Throws ConfigError that names the file and the line, never its content. */
function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { prettyErrors: false });
  } catch (error) {
    if (error instanceof YAMLParseError) {
      const line = readFileSync(file, 'utf8').slice(0, error.pos[0]).split('\n').length;
      throw new ConfigError([`${basename(file)}: not valid YAML at line ${line} (${error.code})`]);
    }
    throw new ConfigError([`${file}: cannot be read`], 'Name an existing file in TABEA_CONFIG.');
  }
}

function check<T>(schema: z.ZodType<T>, input: unknown, name: string, problems: string[]): T | undefined {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  problems.push(...problemsOf(result.error, name, input));
  return undefined;
}

function collect<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function cityProblems(main: CityFile, name: string): string[] {
  return [
    ...repeated(main.opds.map((opd) => opd.id)).map((id) => `${name}.opds: the id ${id} is there twice`),
    ...repeated(main.channels.map((one) => one.id)).map(
      (id) => `${name}.channels: the id ${id} is there twice`,
    ),
  ];
}

function channelListProblems(main: CityFile, wanted: readonly string[] | undefined): string[] {
  const known = new Set(main.channels.map((channel) => channel.id));
  return (wanted ?? [])
    .filter((id) => !known.has(id))
    .map((id) => `TABEA_CHANNELS: there is no channel ${id}`);
}

/** TABEA_CHANNELS, where it is set, is the whole list of what is enabled. */
function enabledBy(
  channels: readonly ChannelConfig[],
  wanted: readonly string[] | undefined,
): ChannelConfig[] {
  return channels.map((one) => ({ ...one, enabled: wanted ? wanted.includes(one.id) : one.enabled }));
}

function sopProblems(sop: Sop, name: string): string[] {
  const problems: string[] = [];
  const numbers = new Set(sop.steps.map((step) => step.number));
  if (sop.steps.some((step, index) => step.number !== index + 1)) {
    problems.push(`${name}.steps: the numbers must be 1, 2, 3 … in order`);
  }
  for (const status of repeated(sop.steps.flatMap((step) => step.waitsIn))) {
    problems.push(`${name}.steps: ${status} waits for two steps`);
  }
  for (const [action, move] of Object.entries(sop.moves)) {
    const key = `${name}.moves.${action}`;
    if (!numbers.has(move.step)) problems.push(`${key}.step: there is no such step`);
    const narrowed = [...Object.values(move.rolesOnlyFrom).flat(), ...move.needsOpdFrom];
    if (narrowed.some((status) => !move.from.includes(status))) {
      problems.push(`${key}: rolesOnlyFrom and needsOpdFrom may only have statuses of from`);
    }
  }
  return problems;
}

function repeated<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
