/** Shapes of the YAML files. Objects are strict: a misspelt key stops the start instead of being ignored. */
import { z } from 'zod';
import { CASE_ACTIONS, CASE_STATUSES, MOVE_FIELDS, ROLES, TELL_KEYS } from '../src/core/case-life.js';

export const LANGUAGES = ['id', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const text = z.string().trim().min(1);
const id = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
const bilingual = z.strictObject({ id: text, en: text });
const count = z.number().int().min(1);

const city = z.strictObject({
  id,
  name: text,
  /** Name of the service as citizens read it. */
  service: text,
  office: text,
  address: text,
  phone: text,
  email: text.optional(),
  website: text.optional(),
  timeZone: text,
  language: z.enum(LANGUAGES),
  center: z.strictObject({
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
  }),
});

const opd = z.strictObject({
  id,
  name: text,
  /** For SMS: short enough that `disposed` stays one segment. */
  shortName: text.max(24),
  /** Words that suggest this department for a complaint; lower case. */
  topics: z.array(text).default([]),
});

const channel = z.strictObject({
  id,
  /** Name of an adapter. */
  kind: id,
  label: bilingual,
  /** What citizens write to: number, mailbox, page, hashtag. */
  address: text,
  enabled: z.boolean().default(true),
  /** Who enters its messages: the provider, an operator of the city, or the citizen in the public form. */
  entry: z.enum(['provider', 'operator', 'public']).default('provider'),
  /** To the citizen, in whole rupiah; null: as his operator charges. */
  cost: z.strictObject({
    amountIdr: z.number().int().min(0).nullable(),
    per: z.enum(['message', 'sms', 'call']),
    note: bilingual.optional(),
  }),
  /** To the city, for one message (SMS: one segment) that it sends, in whole rupiah. */
  replyCostIdr: z.number().int().min(0).default(0),
  repliesPerSecond: z.number().positive().optional(),
  /** Read by the adapter's own schema, and by nothing else. */
  settings: z.record(z.string(), z.unknown()).default({}),
});

/** Where ClamAV's daemon listens. */
export const CLAMD_ADDRESS =
  /^(?:tcp:\/\/(?<host>[^\s:/[\]]+|\[[^\s\]]+\]):(?<port>\d{1,5})|unix:(?<path>\/\S*))$/;

/** `none`: files are not scanned. */
const clamd = z
  .string()
  .regex(new RegExp(`^none$|${CLAMD_ADDRESS.source}`))
  .transform((address) => (address === 'none' ? null : address));

/** `config/<city>.yaml`. */
export const citySchema = z.strictObject({
  sop: text,
  calendar: text,
  messages: text,
  city,
  threading: z.strictObject({ continuationMinutes: z.number().min(0), answerHours: z.number().min(0) }),
  acknowledgement: z.strictObject({
    enabled: z.boolean(),
    maxPerSenderPerDay: count,
    maxPerUnprovenSenderPerDay: count.default(3),
  }),
  deadlines: z.strictObject({
    verifyWorkingDays: count,
    remindOfficeMinutesBefore: z.array(z.number().min(1)),
  }),
  /** Calendar days. */
  closing: z.strictObject({ silenceDays: count, objectionDays: count }),
  emergency: z.strictObject({ number: text, words: z.array(text) }),
  antivirus: z.strictObject({ clamd }).default({ clamd: null }),
  opds: z.array(opd).min(1),
  channels: z.array(channel).min(1),
});

const step = z.strictObject({
  number: count,
  actor: z.enum(['reporter', ...ROLES]),
  title: bilingual,
  /** Minutes of office time, or working days. */
  limit: z.union([z.strictObject({ minutes: count }), z.strictObject({ workingDays: count })]),
  output: bilingual,
  /** Statuses in which a case waits for this step; a status waits for one step at most. */
  waitsIn: z.array(z.enum(CASE_STATUSES)),
});

const statuses = z.array(z.enum(CASE_STATUSES));
const move = z.strictObject({
  from: statuses.min(1),
  to: z.enum(CASE_STATUSES),
  required: z.array(z.enum(MOVE_FIELDS)),
  roles: z.array(z.enum(ROLES)),
  rolesOnlyFrom: z.partialRecord(z.enum(ROLES), statuses).default({}),
  needsOpdFrom: statuses.default([]),
  tell: z.enum(TELL_KEYS).nullable(),
  step: count,
});

/** `sop.yaml`. */
export const sopSchema = z.strictObject({
  version: text,
  answerWorkingDays: count,
  steps: z.array(step).min(1),
  moves: z.record(z.enum(CASE_ACTIONS), move),
});

const hours = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/)
  .nullable();
const year = z.number().int().min(2020).max(2100);

/** `calendar.yaml`. */
export const calendarSchema = z.strictObject({
  version: text,
  timeZone: text,
  utcOffset: z.string().regex(/^[+-](?:0\d|1[0-4]):[0-5]\d$/),
  officeHours: z.strictObject({
    sunday: hours,
    monday: hours,
    tuesday: hours,
    wednesday: hours,
    thursday: hours,
    friday: hours,
    saturday: hours,
  }),
  years: z.array(year).min(1),
  provisionalYears: z.array(year).default([]),
  holidays: z.array(
    z.strictObject({
      date: z.iso.date(),
      kind: z.enum(['national', 'cuti_bersama', 'local']),
      source: z.enum(['decree', 'computed', 'city']),
      name: text,
    }),
  ),
});

export type CityFile = z.output<typeof citySchema>;
export type City = CityFile['city'];
export type Opd = CityFile['opds'][number];
export type ChannelConfig = CityFile['channels'][number];
export type SopFile = z.output<typeof sopSchema>;
export type SopStep = SopFile['steps'][number];
/** The procedure as data; `moves` is a MoveTable. */
export type Sop = SopFile;
export type CalendarFile = z.output<typeof calendarSchema>;
