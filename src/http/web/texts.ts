/** Words of the pages, Indonesian first. The compiler demands that both languages have every key. */
import { english } from './texts-en.js';
import { indonesian } from './texts-id.js';

export type Language = 'id' | 'en';
export type TextKey = keyof typeof indonesian;
export type Texts = Readonly<Record<TextKey, string>>;

/** `{name}` in a text is replaced by the value of that name. */
export type Say = (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;

export const TEXTS: Readonly<Record<Language, Texts>> = { id: indonesian, en: english };

export function speak(language: Language): Say {
  const texts = TEXTS[language];
  return (key, values = {}) =>
    texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(indonesian, key);
}

/** The words for a code (`status.received`); a code without words stays a code, so that nothing is hidden. */
export function sayCode(say: Say, group: string, code: string): string {
  const key = `${group}.${code}`;
  return isTextKey(key) ? say(key) : code;
}
