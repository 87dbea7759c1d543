/** The status of a case by its number, and nothing else of it. */
import type { CaseStatus } from '../../core/case-life.js';
import { Page, type Frame } from '../web/page.js';
import { SiteBar } from '../web/site-bar.js';
import { StatusBadge } from '../console/case-words.js';

export type TrackingAnswer =
  | { readonly kind: 'none-asked' }
  | { readonly kind: 'mistyped' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'found'; readonly number: string; readonly status: CaseStatus };

export interface TrackingPageProps {
  readonly frame: Frame;
  readonly typed: string;
  readonly answer: TrackingAnswer;
}

export function TrackingPage({ frame, typed, answer }: TrackingPageProps) {
  const { say } = frame;
  return (
    <Page frame={frame} title={say('track.title')} header={<SiteBar frame={frame} here="home" />}>
      <div class="container-tight py-5">
        <div class="card">
          <form class="card-body" method="get" action="/lacak">
            <h1 class="h2 mb-1">{say('track.title')}</h1>
            <p class="text-secondary">{say('track.lead')}</p>
            <label class="form-label" for="nomor">
              {say('track.number')}
            </label>
            <div class="d-flex gap-2">
              <input
                class="form-control"
                id="nomor"
                name="nomor"
                inputMode="numeric"
                autocomplete="off"
                required
                maxLength={20}
                value={typed}
              />
              <button class="btn btn-primary" type="submit">
                {say('track.submit')}
              </button>
            </div>
            <div class="mt-3" role="status">
              <Answer answer={answer} frame={frame} />
            </div>
          </form>
        </div>
      </div>
    </Page>
  );
}

function Answer({ answer, frame }: { readonly answer: TrackingAnswer; readonly frame: Frame }) {
  const { say } = frame;
  switch (answer.kind) {
    case 'none-asked':
      return null;
    case 'mistyped':
      return <p class="alert alert-warning mb-0">{say('error.mistyped')}</p>;
    case 'unknown':
      return <p class="alert alert-warning mb-0">{say('track.none')}</p>;
    case 'found':
      return (
        <p class="mb-0">
          {say('track.status', { number: answer.number })}: <StatusBadge status={answer.status} say={say} />
        </p>
      );
  }
}
