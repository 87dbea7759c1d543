/** Everything that happened to a case, in order. */
import type { Config } from '../../../config/load.js';
import type { CaseView, EventView } from '../../cases/views.js';
import type { Frame } from '../web/page.js';
import { isTextKey, type Say } from '../web/texts.js';
import { sayTime } from '../web/time-words.js';
import { opdName } from './case-words.js';

export interface TimelineProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly view: CaseView;
}

export function Timeline({ frame, config, view }: TimelineProps) {
  const { say, language } = frame;
  return (
    <ol class="tb-timeline">
      {view.events.map((event) => (
        <li key={event.seq}>
          <strong>{say.code('event', event.kind)}</strong>
          <Particulars event={event} config={config} say={say} />
          <NoteOf event={event} view={view} />
          <div class="tb-meta">
            {sayActor(event.actor, say)} ·{' '}
            <time dateTime={event.at}>{sayTime(event.at, language, config.city.timeZone)}</time>
          </div>
        </li>
      ))}
    </ol>
  );
}

/** The codes of an event that people can read. */
function Particulars({
  event,
  config,
  say,
}: {
  readonly event: EventView;
  readonly config: Config;
  readonly say: Say;
}) {
  const [action, to, opd, silence] = ['action', 'to', 'opd', 'silence'].map((name) =>
    stringIn(event.data, name),
  );
  const parts = [
    action === undefined ? undefined : say.code('action', action),
    to === undefined ? undefined : `→ ${say.code('status', to)}`,
    opd === undefined ? undefined : opdName(config, opd),
    silence === undefined ? undefined : say.code('silence', silence),
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? null : <span> · {parts.join(' · ')}</span>;
}

/** The words that an event refers to, as long as they have not been erased. */
function NoteOf({ event, view }: { readonly event: EventView; readonly view: CaseView }) {
  const id = stringIn(event.data, 'note');
  const note = view.notes.find((one) => one.id === id);
  return note === undefined ? null : <div class="tb-preview">{note.text}</div>;
}

function stringIn(data: unknown, name: string): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const value: unknown = Reflect.get(data, name);
  return typeof value === 'string' ? value : undefined;
}

/** Without the id: the API has it, people have no use for it. */
function sayActor(actor: string, say: Say): string {
  const key = `actor.${actor.split(':', 1)[0]}`;
  return isTextKey(key) ? say(key) : actor;
}
