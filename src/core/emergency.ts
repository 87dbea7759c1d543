/** Words of danger in a citizen's text: he is told the emergency number at once, and the case is flagged. */

/**
 * A test for texts: does one of the words stand in it, whole and in any case?
 * @param words data of the configuration; of several words in one, any space may stand between them.
 */
export function makeEmergencyTest(words: readonly string[]): (text: string) => boolean {
  if (words.length === 0) return () => false;
  const alternatives = words.map((word) =>
    word
      .trim()
      .split(/\s+/)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join(String.raw`\s+`),
  );
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives.join('|')})(?![\\p{L}\\p{N}])`, 'iu');
  return (text) => pattern.test(text);
}
