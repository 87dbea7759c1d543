/**
 * PostgreSQL cannot hold U+0000 in text or jsonb, nor half a surrogate pair. In what is stored as text the
 * first is written U+2400 (SYMBOL FOR NULL) and the second U+FFFD; the raw bytes in the envelope keep the original.
 */

/** JSON of `value` that jsonb takes. Throws TypeError where `value` is no JSON (circular, bigint). */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError('Not a JSON value');
  // JSON.stringify escapes exactly these (well-formed JSON.stringify), so that looking for the escapes is enough;
  // a backslash of the text itself before them only costs the slow way.
  if (!json.includes('\\u0000') && !json.includes('\\ud')) return json;
  return JSON.stringify(value, (_name, item: unknown) =>
    typeof item === 'string' ? storableText(item) : item,
  );
}

/** `text` as PostgreSQL takes it. */
export function storableText(text: string): string {
  const whole = /[\ud800-\udfff]/.test(text) ? Buffer.from(text).toString() : text;
  return whole.includes('\0') ? whole.replaceAll('\0', '\u2400') : whole;
}

/** A JSON value with every text as PostgreSQL takes it; names of members stay. */
export function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map((item: unknown) => storableValue(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, storableValue(item)]));
}
