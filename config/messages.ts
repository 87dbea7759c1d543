/**
 * The texts of one language, with typed keys: a key or a placeholder that a template lacks, or has too many, is found
 * by the compiler or at the start, not by a citizen.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  CASE_ACTIONS,
  CASE_STATUSES,
  CASE_TYPES,
  CONFIDENTIALITIES,
  MOVE_FIELDS,
  ROLES,
  type TellKey,
} from '../src/core/case-life.js';
import { OUTBOX_STATES } from '../src/core/delivery-state.js';
import { ConfigError } from '../src/core/errors.js';
import { LANGUAGES, type Language } from './schema.js';

/** What citizens are sent, with the placeholders that each template must have. */
export const TEMPLATES = {
  received: ['number', 'due'],
  disposed: ['number', 'opd', 'due'],
  answered: ['number', 'reply'],
  rejected: ['number', 'note', 'until'],
  closed: ['number', 'until'],
  request_info: ['number', 'note'],
  reopened: ['number', 'due'],
  holding: ['number', 'due'],
  status: ['number', 'status'],
  status_own: ['number', 'status', 'opd', 'due'],
  status_mistyped: ['number'],
  status_unknown: ['number'],
  help: ['emergency'],
  stop_confirmed: [],
  start_confirmed: [],
  emergency: ['emergency', 'number'],
} as const satisfies Readonly<Record<string, readonly string[]>> &
  Readonly<Record<TellKey, readonly string[]>>;

/** Words for codes. */
export const LABELS = {
  status: CASE_STATUSES,
  action: CASE_ACTIONS,
  role: ROLES,
  type: CASE_TYPES,
  confidentiality: CONFIDENTIALITIES,
  delivery: OUTBOX_STATES,
  field: MOVE_FIELDS,
} as const;

export type TemplateKey = keyof typeof TEMPLATES;
export type TemplateValue<K extends TemplateKey> = (typeof TEMPLATES)[K][number];
/** Values of a template; those of every template of a union, where the key is only known at run time. */
export type TemplateValues<K extends TemplateKey> = Readonly<Record<TemplateValue<K>, string>>;
export type LabelGroup = keyof typeof LABELS;

export interface Messages {
  readonly language: Language;
  /** A citizens' text. Values go in as they are, and once: a `{number}` inside a reply stays what it is. */
  format<K extends TemplateKey>(key: K, values: TemplateValues<K>): string;
  label<G extends LabelGroup>(group: G, code: (typeof LABELS)[G][number]): string;
  /** Any other text by its dotted key, e.g. `console.inbox.title`. Throws RangeError for an unknown key. */
  text(key: string, values?: Readonly<Record<string, string | number>>): string;
  has(key: string): boolean;
  /** Every dotted key of the language, sorted. */
  readonly keys: readonly string[];
}

/** Dotted key → text. */
export type TextMap = ReadonlyMap<string, string>;

/** Builds the texts of a language; keys are taken to have been checked. */
export function makeMessages(language: Language, texts: TextMap): Messages {
  const find = (key: string): string => {
    const text = texts.get(key);
    if (text === undefined) throw new RangeError(`There is no text ${key} in ${language}.`);
    return text;
  };
  return {
    language,
    format: (key, values) => fill(find(`templates.${key}`), values),
    label: (group, code) => find(`labels.${group}.${code}`),
    text: (key, values) => fill(find(key), values ?? {}),
    has: (key) => texts.has(key),
    keys: [...texts.keys()].sort(),
  };
}

const PLACEHOLDER = /\{([a-zA-Z_]+)\}/g;

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole,
  );
}

/** Placeholders of a text, sorted, each once. */
export function placeholdersOf(text: string): string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].map(([, name]) => name ?? ''))].sort();
}

/**
 * Reads `<language>.yaml` and, beside it, `<language>.<part>.yaml`, each adding its sections.
 * Throws ConfigError with every key or placeholder that a language lacks or has alone.
 */
export function loadMessages(folder: string): Readonly<Record<Language, Messages>> {
  const texts = { id: readTexts(folder, 'id'), en: readTexts(folder, 'en') };
  const problems = [
    ...LANGUAGES.flatMap((language) => templateProblems(language, texts[language])),
    ...parityProblems(texts),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return { id: makeMessages('id', texts.id), en: makeMessages('en', texts.en) };
}

function readTexts(folder: string, language: Language): TextMap {
  const files = namesIn(folder)
    .filter(
      (name) => name === `${language}.yaml` || (name.startsWith(`${language}.`) && name.endsWith('.yaml')),
    )
    .sort();
  const texts = new Map<string, string>();
  for (const name of files) {
    for (const [key, text] of flatten(readYamlText(join(folder, name), name), '')) {
      if (texts.has(key) && key !== 'language') throw new ConfigError([`${name}: ${key} is there twice`]);
      texts.set(key, text);
    }
  }
  texts.delete('language');
  return texts;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    throw new ConfigError([`messages: the folder ${folder} cannot be read`]);
  }
}

function readYamlText(file: string, name: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { prettyErrors: false });
  } catch {
    throw new ConfigError([`messages/${name}: cannot be read as YAML`]);
  }
}

function flatten(value: unknown, key: string): [string, string][] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, item]) =>
      flatten(item, key === '' ? name : `${key}.${name}`),
    );
  }
  // An unquoted `no`, a number: still a text for people.
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isText ? [[key, String(value)]] : [];
}

/** Every template and label there, none unknown, each with its placeholders. */
function templateProblems(language: Language, texts: TextMap): string[] {
  const wanted = new Map<string, readonly string[]>([
    ...Object.entries(TEMPLATES).map(([key, names]) => [`templates.${key}`, names] as const),
    ...Object.entries(LABELS).flatMap(([group, codes]) =>
      codes.map((code) => [`labels.${group}.${code}`, []] as const),
    ),
  ]);
  const problems: string[] = [];
  for (const [key, names] of wanted) {
    const text = texts.get(key);
    if (text === undefined) problems.push(`messages ${language}: ${key} is missing`);
    else if (placeholdersOf(text).join() !== [...names].sort().join()) {
      problems.push(`messages ${language}: ${key} must have the placeholders ${list(names)}`);
    }
  }
  for (const key of texts.keys()) {
    if (/^(?:templates|labels)\./.test(key) && !wanted.has(key)) {
      problems.push(`messages ${language}: ${key} is not known`);
    }
  }
  return problems;
}

/** The same keys in both languages, with the same placeholders. */
function parityProblems(texts: Readonly<Record<Language, TextMap>>): string[] {
  const keys = new Set([...texts.id.keys(), ...texts.en.keys()]);
  return [...keys]
    .filter((key) => !/^(?:templates|labels)\./.test(key))
    .flatMap((key) => {
      const [id, en] = [texts.id.get(key), texts.en.get(key)];
      if (id === undefined || en === undefined)
        return [`messages ${id === undefined ? 'id' : 'en'}: ${key} is missing`];
      const names = [placeholdersOf(id), placeholdersOf(en)].map((one) => one.join(', '));
      return names[0] === names[1] ? [] : [`messages: ${key} has other placeholders in id and en`];
    });
}

function list(names: readonly string[]): string {
  return names.length === 0 ? '(none)' : names.map((name) => `{${name}}`).join(', ');
}
