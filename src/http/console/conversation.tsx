/** What was said, oldest first. Citizens' words are put in as text; nothing of them is markup. */
import type { Config } from '../../../config/load.js';
import type { CaseView, MessageView } from '../../cases/views.js';
import type { Frame } from '../web/page.js';
import { sayTime } from '../web/time-words.js';

export interface ConversationProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly view: CaseView;
}

export function Conversation({ frame, config, view }: ConversationProps) {
  return (
    <ol class="tb-bubbles">
      {view.messages.map((message) => (
        <Bubble frame={frame} config={config} message={message} key={message.id} />
      ))}
    </ol>
  );
}

interface BubbleProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly message: MessageView;
}

function Bubble({ frame, config, message }: BubbleProps) {
  const { say, language } = frame;
  return (
    <li class="tb-bubble" data-direction={message.direction} data-automated={String(message.automated)}>
      <div class="tb-bubble-text" dir="auto">
        {message.subject === null ? null : <strong>{`${message.subject}\n`}</strong>}
        {message.text === '' ? <em class="text-secondary">{say('inbox.noText')}</em> : message.text}
      </div>
      {message.attachments.length === 0 ? null : (
        <div class="tb-bubble-meta">
          {say('case.attachments')}: {message.attachments.map(({ name }) => name).join(', ')}
        </div>
      )}
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
      </div>
    </li>
  );
}
