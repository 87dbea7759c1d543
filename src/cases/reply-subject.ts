const LONGEST_SUBJECT = 200;

/**
 * What a reply is about: the subject of what it answers, on one line. `Re:` is left to the channel, which knows what
 * its programs write and whether the reply will stand in a thread.
 */
export function replySubject(subject: string | undefined): string | null {
  // eslint-disable-next-line no-control-regex
  const line = (subject ?? '').replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim();
  return line === '' ? null : Array.from(line).slice(0, LONGEST_SUBJECT).join('');
}
