/** Errors as a page, for browsers. */
import type { Problem } from '../problem.js';
import { isTextKey } from './texts.js';
import { Page, type Frame } from './page.js';

export interface ErrorPageProps {
  readonly frame: Frame;
  readonly problem: Problem;
  readonly requestId: string;
}

export function ErrorPage({ frame, problem, requestId }: ErrorPageProps) {
  const { say } = frame;
  const titleKey = `error.${problem.status}`;
  const textKey = `error.${problem.status}text`;
  const title = isTextKey(titleKey) ? say(titleKey) : say('error.title');
  const text =
    problem.code === 'mistyped-number'
      ? say('error.mistyped')
      : say(isTextKey(textKey) ? textKey : 'error.500text', { id: requestId });
  return (
    <Page frame={frame} title={title} header={null}>
      <div class="container-tight py-6 text-center">
        <p class="tb-error-code" aria-hidden="true">
          {problem.status}
        </p>
        <h1 class="h2">{title}</h1>
        <p class="text-secondary">{text}</p>
        <p>
          <a class="btn btn-primary" href="/">
            {say('nav.home')}
          </a>
        </p>
      </div>
    </Page>
  );
}
