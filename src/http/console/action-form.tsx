/** The form of one move. Works without a script; with one, it counts and shows what will be sent. */
import type { Config } from '../../../config/load.js';
import type { AvailableAction, MoveField, TellKey } from '../../core/case-life.js';
import type { ReplyMeasure } from '../../core/channel.js';
import type { ReplyOutlook } from '../../cases/reply-outlook.js';
import type { CaseView } from '../../cases/views.js';
import { FILES_GO_WITH } from '../../cases/reply-files.js';
import { CsrfField, type Frame } from '../web/page.js';
import type { Say } from '../web/texts.js';
import { sayTime } from '../web/time-words.js';
import { sayBytes } from './message-parts.js';

/** What a person was writing. */
export interface Draft {
  readonly action: string;
  readonly fields: Readonly<Partial<Record<MoveField, string | undefined>>>;
  /** Why it was refused, in words. */
  readonly failure?: string;
  readonly preview?: Preview;
}

/** What the reporter will read, and what it costs. `text` null: he is told nothing. */
export interface Preview {
  readonly text: string | null;
  readonly measure: ReplyMeasure | null;
}

/** What may go along with an answer. `bytes` 0: the channel carries no files. */
export interface UploadLimits {
  readonly count: number;
  readonly bytes: number;
}

export interface ActionFormProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly view: CaseView;
  readonly action: AvailableAction;
  readonly upload: UploadLimits;
  /** Null where nothing is told in anybody's own words. */
  readonly outlook: ReplyOutlook | null;
  readonly draft: Draft | null;
  readonly open: boolean;
}

/** As the button says that an answer is to be kept, though it cannot be sent. */
export const RECORD = 'record';
/** The move that is nothing but its answer: it is not offered where the answer could not go. */
export const ANSWERS = 'respond';
/** These carry a person's words to the reporter. */
const PERSONAL: ReadonlySet<string> = new Set<TellKey>(['answered', 'rejected', 'request_info']);

export function tellsInPerson({ tell }: Pick<AvailableAction, 'tell'>): boolean {
  return tell !== null && PERSONAL.has(tell);
}

export function ActionForm(props: ActionFormProps) {
  const { frame, config, view, action, upload, outlook, draft, open } = props;
  const { say } = frame;
  const name = action.action;
  const base = `/console/cases/${view.trackingNumber}/actions/${name}`;
  const tells = action.tell !== null;
  const blocked = name === ANSWERS && outlook?.allowed === false;
  const outlookId = `${name}-outlook`;
  const takesFiles = name === FILES_GO_WITH;
  const encoding = takesFiles && upload.bytes > 0 ? ({ encType: 'multipart/form-data' } as const) : {};
  return (
    <details class="tb-action" open={open}>
      <summary>{say.code('action', name)}</summary>
      <form method="post" action={base} data-once="true" {...encoding}>
        <CsrfField frame={frame} />
        <input type="hidden" name="version" value={view.version} />
        <p class="text-secondary">{say.code('actionHint', name)}</p>
        {tellsInPerson(action) && outlook !== null ? (
          <Outlook
            outlook={outlook}
            isAnswer={name === ANSWERS}
            id={outlookId}
            config={config}
            frame={frame}
          />
        ) : null}
        {action.required.map((field) => (
          <FieldInput
            field={field}
            id={`${name}-${field}`}
            value={draft?.fields[field] ?? ''}
            measureAt={tells ? `${base}/preview` : undefined}
            outputId={`${name}-measure`}
            config={config}
            say={say}
            key={field}
          />
        ))}
        {takesFiles ? <FilesInput frame={frame} upload={upload} id={`${name}-files`} /> : null}
        {tells ? (
          <div id={`${name}-measure`} aria-live="polite">
            {draft?.preview === undefined ? null : <PreviewBox preview={draft.preview} say={say} />}
          </div>
        ) : (
          <p class="text-secondary">{say('case.willSendNothing')}</p>
        )}
        <div class="d-flex flex-wrap gap-2 mt-2">
          {blocked ? (
            <>
              <button class="btn btn-primary" type="submit" disabled aria-describedby={outlookId}>
                {say.code('action', name)}
              </button>
              <button class="btn" type="submit" name="do" value={RECORD}>
                {say('reply.record')}
              </button>
            </>
          ) : (
            <button class="btn btn-primary" type="submit" name="do" value="move">
              {say.code('action', name)}
            </button>
          )}
          {tells ? (
            <button class="btn" type="submit" name="do" value="preview" formNoValidate>
              {say('case.preview')}
            </button>
          ) : null}
        </div>
      </form>
    </details>
  );
}

interface OutlookProps {
  readonly outlook: ReplyOutlook;
  readonly isAnswer: boolean;
  readonly id: string;
  readonly config: Config;
  readonly frame: Frame;
}

/** Said before a word is written: whether it can arrive, and how long yet. */
function Outlook({ outlook, isAnswer, id, config, frame }: OutlookProps) {
  const { say, language } = frame;
  if (outlook.allowed) {
    if (outlook.until === null) return null;
    const time = sayTime(outlook.until.toISOString(), language, config.city.timeZone);
    return (
      <p class="alert alert-info" id={id}>
        {say('case.replyUntil', { time })}
      </p>
    );
  }
  const reason = outlook.detail ?? say(`failure.${outlook.obstacle}`);
  return (
    <div class="alert alert-warning d-block" role="status" id={id}>
      <p class="mb-1">{say('case.cannotReply', { reason })}</p>
      {isAnswer ? <p class="mb-0">{say('reply.otherWay')}</p> : null}
    </div>
  );
}

function FilesInput({ frame, upload, id }: { frame: Frame; upload: UploadLimits; id: string }) {
  const { say, language } = frame;
  if (upload.bytes === 0) return <p class="tb-meta">{say('upload.none')}</p>;
  return (
    <div class="mb-3">
      <label class="form-label" for={id}>
        {say('upload.label')}
      </label>
      <input class="form-control" id={id} type="file" name="files" multiple aria-describedby={`${id}-hint`} />
      <div class="tb-meta mt-1" id={`${id}-hint`}>
        {say('upload.hint', { count: upload.count, size: sayBytes(upload.bytes, language) })}
      </div>
    </div>
  );
}

interface FieldInputProps {
  readonly field: MoveField;
  readonly id: string;
  readonly value: string;
  readonly measureAt: string | undefined;
  readonly outputId: string;
  readonly config: Config;
  readonly say: Say;
}

function FieldInput({ field, id, value, measureAt, outputId, config, say }: FieldInputProps) {
  const live = measureAt === undefined ? {} : { 'data-measure': measureAt, 'data-measure-output': outputId };
  return (
    <div class="mb-3">
      <label class="form-label required" for={id}>
        {say.code('field', field)}
      </label>
      {field === 'opd' ? (
        <select class="form-select" id={id} name={field} required {...live}>
          <option value="">{say('field.opdChoose')}</option>
          {config.opds.map((opd) => (
            <option value={opd.id} selected={opd.id === value} key={opd.id}>
              {opd.name}
            </option>
          ))}
        </select>
      ) : (
        <textarea
          class="form-control"
          id={id}
          name={field}
          rows={field === 'reply' ? 5 : 3}
          required
          maxLength={field === 'reply' ? 20_000 : 4_000}
          {...live}
        >
          {value}
        </textarea>
      )}
    </div>
  );
}

/** Also answered alone, while somebody writes. */
export function PreviewBox({ preview, say }: { readonly preview: Preview; readonly say: Say }) {
  const { text, measure } = preview;
  if (text === null) return <p class="text-secondary">{say('case.willSendNothing')}</p>;
  return (
    <>
      {measure === null ? null : <Measure measure={measure} say={say} />}
      <p class="form-label mb-1">{say('case.willSend')}</p>
      <blockquote class="tb-preview">{text}</blockquote>
    </>
  );
}

function Measure({ measure, say }: { readonly measure: ReplyMeasure; readonly say: Say }) {
  const { segments, encoding, used, left, costIdr, fits } = measure;
  const cost = costIdr.toLocaleString('id-ID');
  // Septets and code units are the trade's words and stay; where plain characters are counted, one message says it all.
  const plain = encoding === 'characters';
  return (
    <p class="tb-measure mb-1" data-fits={String(fits)}>
      {plain && segments <= 1
        ? say('measure.one', { used, left, cost })
        : say('measure.segments', {
            segments,
            encoding: plain ? say('measure.characters') : encoding,
            used,
            left,
            cost,
          })}
      {fits ? null : ` ${say('measure.tooLong')}`}
    </p>
  );
}
