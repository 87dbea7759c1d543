/** What was said, oldest first. Citizens' words are put in as text; nothing of them is markup. */
import type { Config } from '../../../config/load.js';
import type { CaseView, MessageView } from '../../cases/views.js';
import type { Frame } from '../web/page.js';
import { sayTime } from '../web/time-words.js';
import {
  Attachments,
  ConveyForm,
  DeliveryTrouble,
  MailFrame,
  messageAddress,
  Quoted,
} from './message-parts.js';

/** What this viewer may do with messages, and what guards their files. */
export interface MessageRights {
  /** The virus scanner judges each file that is opened. */
  readonly scanned: boolean;
  /** He may see the reporter, and with him the message as it came. */
  readonly raw: boolean;
  /** Replies that wait for a person to convey them. */
  readonly conveyable: ReadonlySet<string>;
}

export interface ConversationProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly view: CaseView;
  readonly rights: MessageRights;
}

export function Conversation({ frame, config, view, rights }: ConversationProps) {
  const hasFiles = view.messages.some(({ attachments }) => attachments.length > 0);
  return (
    <>
      <ol class="tb-bubbles">
        {view.messages.map((message) => (
          <Bubble
            frame={frame}
            config={config}
            message={message}
            base={messageAddress(view.trackingNumber, message.id)}
            rights={rights}
            key={message.id}
          />
        ))}
      </ol>
      {hasFiles ? (
        <p class="tb-meta mt-3 mb-0">
          {frame.say(rights.scanned ? 'file.scanned' : 'file.unscanned')}
          {rights.raw ? '' : ` ${frame.say('file.picturesOnly')}`}
        </p>
      ) : null}
    </>
  );
}

interface BubbleProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly message: MessageView;
  readonly base: string;
  readonly rights: MessageRights;
}

function Bubble({ frame, config, message, base, rights }: BubbleProps) {
  const { say, language } = frame;
  return (
    <li class="tb-bubble" data-direction={message.direction} data-automated={String(message.automated)}>
      <div class="tb-bubble-text" dir="auto">
        {message.subject === null ? null : <strong class="tb-subject">{message.subject}</strong>}
        {message.text === '' ? <em class="text-secondary">{say('inbox.noText')}</em> : message.text}
      </div>
      <Quoted frame={frame} message={message} />
      <MailFrame frame={frame} message={message} base={base} />
      <Attachments frame={frame} message={message} base={base} />
      <div class="tb-bubble-meta">
        {say(message.direction === 'in' ? 'case.citizen' : 'case.city')}
        {message.withdrawnAt === null ? '' : ` · ${say('case.withdrawn')}`}
        {message.automated ? ` · ${say('case.automated')}` : ''}
        {' · '}
        <time dateTime={message.at}>{sayTime(message.at, language, config.city.timeZone)}</time>
        {message.delivery === null ? null : (
          <>
            {' · '}
            <span class="tb-delivery" data-state={message.delivery}>
              {say.code('delivery', message.delivery)}
            </span>
          </>
        )}
        {message.direction === 'in' && rights.raw && message.withdrawnAt === null ? (
          <>
            {' · '}
            <a href={`${base}/raw`}>{say('file.raw')}</a>
          </>
        ) : null}
      </div>
      <DeliveryTrouble message={message} say={say} />
      {rights.conveyable.has(message.id) ? <ConveyForm frame={frame} base={base} /> : null}
    </li>
  );
}
