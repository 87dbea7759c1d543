/** Errors as a page, for browsers. */
import type { Problem } from '../problem.js';
import { isTextKey, type TextKey } from './texts.js';
import { Page, type Frame } from './page.js';

export interface ErrorPageProps {
  readonly frame: Frame;
  readonly problem: Problem;
  readonly requestId: string;
}

/** What deserves other words than its status alone. */
const OWN_WORDS: Readonly<Record<string, { readonly title?: TextKey; readonly text: TextKey }>> = {
  'mistyped-number': { text: 'error.mistyped' },
  infected: { title: 'problem.infected', text: 'problem.infectedText' },
  'scanner-away': { title: 'problem.scanner', text: 'problem.scannerText' },
  'scanner-size': { title: 'problem.scanner', text: 'problem.scannerSizeText' },
  'identity-protected': { title: 'problem.identity', text: 'problem.identityText' },
  'identity-in-file': { title: 'problem.identityFile', text: 'problem.identityFileText' },
  'file-gone': { title: 'problem.gone', text: 'problem.goneText' },
  'too-large': { title: 'problem.tooLarge', text: 'problem.tooLargeText' },
};

export function ErrorPage({ frame, problem, requestId }: ErrorPageProps) {
  const { say } = frame;
  const titleKey = `error.${problem.status}`;
  const textKey = `error.${problem.status}text`;
  const own = OWN_WORDS[problem.code];
  const title = say(own?.title ?? (isTextKey(titleKey) ? titleKey : 'error.title'));
  const text = say(own?.text ?? (isTextKey(textKey) ? textKey : 'error.500text'), { id: requestId });
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
