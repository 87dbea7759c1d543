const LONGEST_SUBJECT = 200;

/** `Re: …` on one line: a subject that carries line breaks would become headers of a mail. */
export function replySubject(subject: string | undefined): string | null {
  if (subject === undefined) return null;
  // eslint-disable-next-line no-control-regex
  const line = subject.replaceAll(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim();
  if (line === '') return null;
  const answer = /^re:/i.test(line) ? line : `Re: ${line}`;
  return answer.slice(0, LONGEST_SUBJECT);
}
