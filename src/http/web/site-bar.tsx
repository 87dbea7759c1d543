/** The bar on top: brand, places to go, language, who is logged in. */
import type { Principal } from '../auth/principal.js';
import { CsrfField, type Frame } from './page.js';

export interface SiteBarProps {
  readonly frame: Frame;
  readonly here: 'cases' | 'simulator' | 'home' | 'api' | 'login';
  readonly principal?: Principal | null;
}

export function SiteBar({ frame, here, principal = null }: SiteBarProps) {
  const { say, assets, demo } = frame;
  const current = (place: SiteBarProps['here']) =>
    place === here ? { 'aria-current': 'page' as const } : {};
  return (
    <header class="tb-bar">
      <div class="container-xl tb-bar-row">
        <a class="tb-brand" href="/">
          <img src={assets.url('favicon.svg')} alt="" width="28" height="28" />
          <span>{say('app.name')}</span>
        </a>
        <nav class="tb-nav" aria-label={say('app.menu')}>
          {principal !== null || (demo && here !== 'login') ? (
            <a href="/console" {...current('cases')}>
              {say('nav.cases')}
            </a>
          ) : null}
          {demo ? (
            <a href="/simulator" {...current('simulator')}>
              {say('nav.simulator')}
            </a>
          ) : null}
          <a href="/api/docs" {...current('api')}>
            {say('nav.api')}
          </a>
        </nav>
        <div class="tb-who">
          {frame.csrf === '' ? null : <LanguageSwitch frame={frame} session={principal !== null} />}
          {principal === null ? null : (
            <>
              <span class="tb-who-name">
                {principal.name}
                <br />
                <span class="text-secondary">{say.code('role', principal.role)}</span>
              </span>
              <form method="post" action="/console/logout">
                <CsrfField frame={frame} />
                <button class="tb-link-button" type="submit">
                  {say('nav.logout')}
                </button>
              </form>
            </>
          )}
        </div>
      </div>
    </header>
  );
}

function LanguageSwitch({ frame, session }: { readonly frame: Frame; readonly session: boolean }) {
  const { say } = frame;
  return (
    <form method="post" action={session ? '/console/language' : '/language'}>
      <CsrfField frame={frame} />
      <input type="hidden" name="language" value={frame.language === 'id' ? 'en' : 'id'} />
      <input type="hidden" name="back" value={frame.here} />
      <button class="tb-link-button" type="submit" lang={frame.language === 'id' ? 'en' : 'id'}>
        {say('nav.language')}
      </button>
    </form>
  );
}
