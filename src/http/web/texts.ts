/** Words of the pages: typed keys over the configuration's texts, so that a city can change a word without code. */
import type { Language, Messages } from '../../../config/load.js';
import { ConfigError } from '../../core/errors.js';
import { TEXT_KEYS, type TextKey } from './text-keys.js';

export type { Language } from '../../../config/load.js';
export type { TextKey } from './text-keys.js';

export interface Say {
  /** `{name}` in a text is replaced by the value of that name. */
  (key: TextKey, values?: Readonly<Record<string, string | number>>): string;
  /** Words for a code (`status`, `received`); a code without words stays a code, so that nothing is hidden. */
  code(group: string, code: string): string;
}

export function speak(messages: Messages): Say {
  const say = (key: TextKey, values: Readonly<Record<string, string | number>> = {}) =>
    messages.text(`console.${key}`, values);
  const code = (group: string, name: string) => {
    const key = [`console.${group}.${name}`, `labels.${group}.${name}`].find((known) => messages.has(known));
    return key === undefined ? name : messages.text(key);
  };
  return Object.assign(say, { code });
}

export function isTextKey(key: string): key is TextKey {
  return (TEXT_KEYS as readonly string[]).includes(key);
}

/** Throws ConfigError naming every text that the pages need and a language lacks. */
export function checkTexts(messages: Readonly<Record<Language, Messages>>): void {
  const problems = Object.entries(messages).flatMap(([language, texts]) =>
    TEXT_KEYS.filter((key) => !texts.has(`console.${key}`)).map(
      (key) => `messages ${language}: console.${key} is missing`,
    ),
  );
  if (problems.length > 0) throw new ConfigError(problems);
}
