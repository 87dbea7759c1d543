/** The thread in which mails are read: what a hostile mail does to it, it does to nobody else. */
import { parentPort } from 'node:worker_threads';
import { UnreadableMail, type MailLimits, type UnreadableCode } from './limits.js';
import { readMail, type ReadMail } from './read-mail.js';

export interface ReadJob {
  readonly raw: Uint8Array;
  readonly isNullEnvelope: boolean;
  readonly limits: MailLimits;
}

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'read'; readonly mail: ReadMail }
  | { readonly kind: 'unreadable'; readonly code: UnreadableCode; readonly message: string };

/** Any error of reading is one of the mail: its message may quote it, so only its name goes out. */
export async function answerTo({ raw, isNullEnvelope, limits }: ReadJob): Promise<WorkerAnswer> {
  try {
    const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
    return { kind: 'read', mail: owning(await readMail(bytes, isNullEnvelope, limits)) };
  } catch (error) {
    if (error instanceof UnreadableMail) {
      return { kind: 'unreadable', code: error.code, message: error.message };
    }
    const name = error instanceof Error ? error.name : typeof error;
    return { kind: 'unreadable', code: 'unreadable', message: `unreadable: ${name}` };
  }
}

/** Serves jobs one after the other; the other side sends the next one after the answer. */
export function serveJobs(answer: (job: ReadJob) => Promise<WorkerAnswer>): void {
  const port = parentPort;
  if (port === null) throw new Error('this file runs in a worker thread');
  port.on('message', (job: ReadJob) => {
    void answer(job).then((said) => port.postMessage(said, buffersOf(said)));
  });
  port.postMessage({ kind: 'ready' } satisfies WorkerAnswer);
}

/** Views into a shared buffer would take all of it along. */
function owning(mail: ReadMail): ReadMail {
  return {
    ...mail,
    ...(mail.html && { html: new Uint8Array(mail.html) }),
    files: mail.files.map((file) => ({ ...file, bytes: new Uint8Array(file.bytes) })),
  };
}

function buffersOf(answer: WorkerAnswer): ArrayBuffer[] {
  if (answer.kind !== 'read') return [];
  const { files, html } = answer.mail;
  const all = [...files.map((file) => file.bytes), ...(html ? [html] : [])];
  return all.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}
