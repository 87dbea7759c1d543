/** One case: what was said, what is known, what has happened, and what can be done next. */
import type { Config } from '../../../config/load.js';
import type { AvailableAction } from '../../core/case-life.js';
import type { Principal } from '../auth/principal.js';
import type { ReplyOutlook } from '../../cases/reply-outlook.js';
import type { CaseView } from '../../cases/views.js';
import { Page, type Frame } from '../web/page.js';
import { SiteBar } from '../web/site-bar.js';
import { ActionForm, type Draft, type UploadLimits } from './action-form.js';
import { CaseFacts } from './case-facts.js';
import { Flags, StatusBadge, TimeLeft } from './case-words.js';
import { Conversation, type MessageRights } from './conversation.js';
import { Timeline } from './timeline.js';

export interface CasePageProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly principal: Principal;
  readonly view: CaseView;
  readonly rights: MessageRights;
  readonly upload: UploadLimits;
  readonly actions: readonly AvailableAction[];
  /** Null where no action tells the reporter anything in a person's words. */
  readonly outlook: ReplyOutlook | null;
  /** What is being written, after a refusal or for a preview. */
  readonly draft: Draft | null;
  /** The move that was just made. */
  readonly done: string | null;
  readonly now: Date;
}

export function CasePage(props: CasePageProps) {
  const { frame, principal, view, draft, done } = props;
  const { say } = frame;
  return (
    <Page
      frame={frame}
      title={say('case.title', { number: view.trackingNumber })}
      scripts={['htmx.js', 'tabea.js']}
      events={`/console/events?case=${view.trackingNumber}`}
      header={<SiteBar frame={frame} here="cases" principal={principal} />}
    >
      <div class="container-xl py-3">
        <p class="mb-2">
          <a href="/console">← {say('case.back')}</a>
        </p>
        <h1 class="h2 mb-3">
          {say('case.title', { number: '' })}
          <span class="tb-number">{view.trackingNumber}</span>
        </h1>
        {done === null ? null : (
          <div class="alert alert-success" role="status">
            {say('case.done', { action: say.code('action', done) })}
          </div>
        )}
        <div class="alert alert-warning" role="status" id="case-changed" hidden>
          {say('case.changed')} <a href={`/console/cases/${view.trackingNumber}`}>{say('case.reload')}</a>
        </div>
        {draft?.failure === undefined ? null : (
          <div class="alert alert-danger" role="alert" id="case-failure">
            <strong>{say('case.refused')}.</strong> {draft.failure}
          </div>
        )}
        <div class="tb-case">
          <div>
            <CaseLive {...props} />
            <Actions {...props} />
          </div>
          <aside>
            <CaseFacts frame={frame} config={props.config} view={view} />
          </aside>
        </div>
      </div>
    </Page>
  );
}

/** The part that is fetched anew when the case has changed; what is being written stays untouched. */
export function CaseLive({ frame, config, view, rights, now }: CasePageProps) {
  const { say } = frame;
  return (
    <div
      id="case-live"
      data-version={view.version}
      hx-get={`/console/cases/${view.trackingNumber}/live`}
      hx-trigger="tabea:changed from:body"
      hx-swap="outerHTML"
    >
      <div class="d-flex flex-wrap align-items-center gap-2 mb-3">
        <StatusBadge status={view.status} say={say} />
        <TimeLeft status={view.status} dueAt={view.dueAt} now={now} say={say} />
        <Flags flags={view.flags} say={say} />
      </div>
      <section class="card mb-3" aria-labelledby="conversation-title">
        <div class="card-header">
          <h2 class="card-title" id="conversation-title">
            {say('case.conversation')}
          </h2>
        </div>
        <div class="card-body">
          <Conversation frame={frame} config={config} view={view} rights={rights} />
        </div>
      </section>
      <details class="card mb-3" id="case-timeline">
        <summary class="card-header">
          {say('case.timeline')} ({view.events.length})
        </summary>
        <div class="card-body">
          <Timeline frame={frame} config={config} view={view} />
        </div>
      </details>
    </div>
  );
}

function Actions(props: CasePageProps) {
  const { frame, view, actions, draft } = props;
  const { say } = frame;
  return (
    <section class="card" id="case-actions" data-version={view.version} aria-labelledby="actions-title">
      <div class="card-header">
        <h2 class="card-title" id="actions-title">
          {say('case.actions')}
        </h2>
      </div>
      {actions.length === 0 ? (
        <p class="card-body mb-0 text-secondary">{say('case.noActions')}</p>
      ) : (
        <div>
          {mostLikelyFirst(actions).map((action, index) => (
            <ActionForm
              frame={frame}
              config={props.config}
              view={view}
              action={action}
              upload={props.upload}
              outlook={props.outlook}
              draft={draft?.action === action.action ? draft : null}
              open={draft === null ? index === 0 : draft.action === action.action}
              key={action.action}
            />
          ))}
        </div>
      )}
    </section>
  );
}

/** The furthest step of the procedure that asks for the least comes first, and open. */
function mostLikelyFirst(actions: readonly AvailableAction[]): AvailableAction[] {
  const [likely] = [...actions].sort((a, b) => b.step - a.step || a.required.length - b.required.length);
  return likely === undefined ? [] : [likely, ...actions.filter((action) => action !== likely)];
}
