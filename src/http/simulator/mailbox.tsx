/** What a mailbox has that a telephone has not: subjects, and mails that are answered one by one. */
import type { SimulatedMessage } from '../../core/simulator.js';
import type { Frame } from '../web/page.js';

const ANSWER = /^\s*(?:re|bls|balas)\s*:\s*/i;

interface SubjectFieldProps {
  readonly frame: Frame;
  readonly title: string;
}

/** Empty, the mail answers the one that came last. */
export function SubjectField({ frame, title }: SubjectFieldProps) {
  return (
    <input
      class="form-control sim-subject"
      name="subject"
      maxLength={200}
      autocomplete="off"
      aria-label={`${frame.say('sim.subject')}: ${title}`}
      placeholder={frame.say('sim.subjectHint')}
    />
  );
}

interface MailHeadProps {
  readonly frame: Frame;
  readonly message: SimulatedMessage;
  /** Name of the other side. */
  readonly office: string;
}

export function MailHead({ frame, message, office }: MailHeadProps) {
  const { say } = frame;
  const received = message.direction === 'in';
  return (
    <header class="sim-mail-head">
      <span class="sim-mail-from">{received ? office : say('sim.you')}</span>
      <strong class="sim-mail-subject" dir="auto">
        {message.subject || say('sim.noSubject')}
      </strong>
    </header>
  );
}

/** Works with scripts only; without them one writes the subject oneself. */
export function ReplyButton({ frame, message }: Pick<MailHeadProps, 'frame' | 'message'>) {
  if (message.direction !== 'in') return null;
  const subject = `Re: ${(message.subject ?? '').replace(ANSWER, '')}`;
  return (
    <button class="sim-reply" type="button" data-subject={subject}>
      {frame.say('sim.reply')}
    </button>
  );
}
