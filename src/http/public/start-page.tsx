/** The first page: what Tabea is, and every way to complain with what it costs. */
import type { ChannelConfig, Config } from '../../../config/load.js';
import { Page, type Frame } from '../web/page.js';
import { SiteBar } from '../web/site-bar.js';
import type { Language, Say } from '../web/texts.js';

export interface StartPageProps {
  readonly frame: Frame;
  readonly config: Config;
  /** Whether messages of that channel are taken in: no citizen is sent where nobody listens. */
  readonly isServed: (channelId: string) => boolean;
}

export function StartPage({ frame, config, isServed }: StartPageProps) {
  const { say, language } = frame;
  const ways = config.channels.filter((channel) => channel.enabled && isServed(channel.id));
  return (
    <Page frame={frame} title={config.city.service} header={<SiteBar frame={frame} here="home" />}>
      <section class="tb-hero">
        <div class="container-xl">
          <h1>{say('home.title')}</h1>
          <p>{say('home.lead')}</p>
          <p class="tb-emergency mb-0">{say('home.emergency', { number: config.emergency.number })}</p>
        </div>
      </section>
      <div class="container-xl py-4">
        <div class="row g-4">
          <section class="col-lg-7" aria-labelledby="ways">
            <div class="card">
              <div class="card-header">
                <h2 class="card-title" id="ways">
                  {say('home.ways')}
                </h2>
              </div>
              <table class="table card-table tb-ways mb-0">
                <thead>
                  <tr>
                    <th scope="col">{say('inbox.channel')}</th>
                    <th scope="col">{say('home.cost')}</th>
                  </tr>
                </thead>
                <tbody>
                  {ways.map((channel) => (
                    <tr key={channel.id}>
                      <td>
                        <div class="fw-bold">{channel.label[language]}</div>
                        <div class="tb-meta">{channel.address}</div>
                      </td>
                      <td>{sayCost(channel, say, language)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
              <p class="card-footer mb-0 text-secondary">{say('home.serviceFree')}</p>
            </div>
          </section>
          <div class="col-lg-5">
            <section class="card mb-3" aria-labelledby="then">
              <div class="card-header">
                <h2 class="card-title" id="then">
                  {say('home.then')}
                </h2>
              </div>
              <div class="card-body">
                <ol class="tb-steps">
                  <li>{say('home.step1')}</li>
                  <li>{say('home.step2')}</li>
                  <li>{say('home.step3', { days: config.sop.answerWorkingDays })}</li>
                </ol>
                <p class="mb-2">{say('home.check')}</p>
                <a href="/lacak">{say('home.track')}</a>
              </div>
            </section>
            <section class="card" aria-labelledby="clerks">
              <div class="card-body">
                <h2 class="card-title" id="clerks">
                  {say('home.forClerks')}
                </h2>
                <div class="d-flex flex-wrap gap-2">
                  <a class="btn btn-primary" href="/console">
                    {say('demo.console')}
                  </a>
                  {frame.demo ? (
                    <a class="btn" href="/simulator">
                      {say('demo.simulator')}
                    </a>
                  ) : null}
                </div>
              </div>
            </section>
          </div>
        </div>
        <footer class="text-secondary pt-4">
          {config.city.office} · {config.city.address}
        </footer>
      </div>
    </Page>
  );
}

function sayCost({ cost }: ChannelConfig, say: Say, language: Language): string {
  if (cost.amountIdr === 0) return say('home.free');
  if (cost.amountIdr === null) return cost.note?.[language] ?? say('home.operatorTariff');
  return say('home.perMessage', { cost: cost.amountIdr.toLocaleString('id-ID') });
}
