/** What a message has beside its words: files, quoted history, HTML, and what became of it. */
import type { AttachmentView, MessageView } from '../../cases/views.js';
import { safeFileName } from '../../core/file-name.js';
import { failureOf } from '../../replies/failure.js';
import { CsrfField, type Frame } from '../web/page.js';
import { isTextKey, type Language, type Say } from '../web/texts.js';

/** Address of a message on the console; below it are its files. */
export function messageAddress(trackingNumber: string, messageId: string): string {
  return `/console/cases/${trackingNumber}/messages/${messageId}`;
}

export interface PartProps {
  readonly frame: Frame;
  readonly message: MessageView;
  /** Address of the message. */
  readonly base: string;
}

export function Attachments({ frame, message, base }: PartProps) {
  if (message.attachments.length === 0) return null;
  return (
    <ul class="tb-files" aria-label={frame.say('case.attachments')}>
      {message.attachments.map((file, index) => (
        <li key={`${index}-${file.name}`}>
          <Attachment file={file} href={`${base}/attachments/${index}`} frame={frame} />
        </li>
      ))}
    </ul>
  );
}

function Attachment({ file, href, frame }: { file: AttachmentView; href: string; frame: Frame }) {
  const { say, language } = frame;
  const name = safeFileName(file.name);
  const size = file.size === null ? '' : sayBytes(file.size, language);
  const type = /^[\w.+-]+\/[\w.+-]+/.exec(file.contentType)?.[0] ?? '?';
  if (file.state !== 'stored') {
    return (
      <>
        <span class="tb-file-name">{name}</span>{' '}
        <span class="tb-meta">{say(file.state === 'failed' ? 'file.given_up' : 'file.waiting')}</span>
      </>
    );
  }
  return (
    <>
      <a
        class="tb-file-name"
        href={href}
        target="_blank"
        rel="noopener"
        aria-label={say('file.open', { name })}
      >
        {name}
      </a>{' '}
      <span class="tb-meta">{size === '' ? type : say('file.kind', { type, size })}</span>
    </>
  );
}

/** Whole kilobytes, or megabytes with one digit. */
export function sayBytes(bytes: number, language: Language): string {
  const number = (value: number) =>
    value.toLocaleString(language === 'id' ? 'id-ID' : 'en-GB', { maximumFractionDigits: 1 });
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${number(Math.round(bytes / 1_000))} kB`;
  return `${number(bytes / 1_000_000)} MB`;
}

/** What the sender quoted: there for who looks for it, and in nobody's way. */
export function Quoted({ frame, message }: Pick<PartProps, 'frame' | 'message'>) {
  if (message.withheld) return <div class="tb-meta">{frame.say('file.withheld')}</div>;
  if (message.quoted === null || message.quoted.trim() === '') return null;
  return (
    <details class="tb-fold" id={`quoted-${message.id}`}>
      <summary>{frame.say('file.quoted')}</summary>
      <div class="tb-quoted" dir="auto">
        {message.quoted}
      </div>
    </details>
  );
}

/** The HTML in a frame that is nobody's: no script, no form, and nothing fetched before it is asked for. */
export function MailFrame({ frame, message, base }: PartProps) {
  if (!message.html) return null;
  const { say } = frame;
  const name = `html-${message.id}`;
  return (
    <details class="tb-fold" id={name}>
      <summary>{say('file.html')}</summary>
      <iframe
        class="tb-mail"
        name={name}
        title={say('file.htmlFrame')}
        src={`${base}/html`}
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        referrerpolicy="no-referrer"
        loading="lazy"
      />
      <p class="tb-meta mb-0">
        <a href={`${base}/html?images=1`} target={name}>
          {say('file.pictures')}
        </a>
        {'. '}
        {say('file.picturesHint')}
      </p>
    </details>
  );
}

/** Why it did not go out or arrive, and what to do next. */
export function DeliveryTrouble({ message, say }: { readonly message: MessageView; readonly say: Say }) {
  const { delivery, error } = message;
  const isRetry = delivery === 'pending' && error !== null;
  if (delivery !== 'failed' && delivery !== 'unknown' && !isRetry) return null;
  if (delivery === 'unknown' && error === null) return null;
  const { kind, code } = failureOf(error);
  const key = `failure.${kind}`;
  const why = isTextKey(key) ? say(key) : kind;
  return (
    <div class="tb-trouble" data-state={delivery}>
      {isRetry ? say('failure.retrying', { why }) : why}
      {code === null ? '' : ` (${say('failure.code', { code })})`}
    </div>
  );
}

/** A reply that a person conveys by telephone, on paper or face to face. */
export function ConveyForm({ frame, base }: Pick<PartProps, 'frame' | 'base'>) {
  const { say } = frame;
  return (
    <form class="tb-convey" method="post" action={`${base}/conveyed`} data-once="true">
      <CsrfField frame={frame} />
      <span class="tb-meta">{say('convey.wait')}</span>
      <button class="btn btn-sm" type="submit">
        {say('convey.button')}
      </button>
    </form>
  );
}
