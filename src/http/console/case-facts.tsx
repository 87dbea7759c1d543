/** What is known of a case, beside the conversation. */
import type { ComponentChildren } from 'preact';
import type { Config } from '../../../config/load.js';
import type { ReporterView } from '../../cases/reporters.js';
import type { CaseView } from '../../cases/views.js';
import type { Frame } from '../web/page.js';
import type { Say } from '../web/texts.js';
import { sayTime } from '../web/time-words.js';
import { channelById, ChannelName, ConfidentialityMark, opdName } from './case-words.js';

export interface CaseFactsProps {
  readonly frame: Frame;
  readonly config: Config;
  readonly view: CaseView;
}

export function CaseFacts({ frame, config, view }: CaseFactsProps) {
  const { say, language } = frame;
  const time = (at: string) => sayTime(at, language, config.city.timeZone);
  return (
    <section class="card" aria-labelledby="facts-title">
      <div class="card-header">
        <h2 class="card-title" id="facts-title">
          {say('case.facts')}
        </h2>
      </div>
      <dl class="card-body tb-facts">
        <Fact term={say('case.due')}>{time(view.dueAt)}</Fact>
        <Fact term={say('case.created')}>{time(view.createdAt)}</Fact>
        <Fact term={say('case.channel')}>
          <ChannelName
            channel={channelById(config, view.channelId)}
            id={view.channelId}
            language={language}
          />
        </Fact>
        <Fact term={say('case.opd')}>
          {view.opd === null ? say('inbox.noOpd') : opdName(config, view.opd)}
        </Fact>
        <Fact term={say('case.type')}>{say.code('type', view.type)}</Fact>
        <Fact term={say('case.place')}>{view.place ?? say('case.placeUnknown')}</Fact>
        <Fact term={say('case.confidentiality')}>
          {view.confidentiality === 'public' ? (
            say.code('confidentiality', 'public')
          ) : (
            <ConfidentialityMark value={view.confidentiality} say={say} />
          )}
        </Fact>
        <Fact term={say('case.reporter')}>
          <Reporter reporter={view.reporter} hidden={view.confidentiality !== 'public'} say={say} />
        </Fact>
        {view.linked.length === 0 ? null : (
          <Fact term={say('case.linked')}>
            {view.linked.map((number) => (
              <div key={number}>
                <a class="tb-number" href={`/console/cases/${number}`}>
                  {number}
                </a>
              </div>
            ))}
          </Fact>
        )}
      </dl>
    </section>
  );
}

function Fact({ term, children }: { readonly term: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </>
  );
}

interface ReporterProps {
  readonly reporter: ReporterView | null;
  readonly hidden: boolean;
  readonly say: Say;
}

function Reporter({ reporter, hidden, say }: ReporterProps) {
  const lines = reporter === null ? [] : [reporter.name, reporter.phone, reporter.email, reporter.address];
  const known = lines.filter((line) => line !== null && line !== '');
  if (known.length > 0) {
    return (
      <>
        {known.map((line) => (
          <div key={line}>{line}</div>
        ))}
      </>
    );
  }
  return <span class="text-secondary">{say(hidden ? 'case.reporterHidden' : 'case.reporterUnknown')}</span>;
}
