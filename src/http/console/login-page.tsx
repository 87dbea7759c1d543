/** The way into the console. */
import { CsrfField, Page, type Frame } from '../web/page.js';
import { SiteBar } from '../web/site-bar.js';

export interface LoginPageProps {
  readonly frame: Frame;
  /** Kept after a wrong password. */
  readonly email: string;
  readonly next: string;
  /** Why the last attempt failed, in words. */
  readonly failure: string | null;
}

export function LoginPage({ frame, email, next, failure }: LoginPageProps) {
  const { say } = frame;
  return (
    <Page frame={frame} title={say('login.title')} header={<SiteBar frame={frame} here="login" />}>
      <div class="container-tight py-5">
        <div class="card">
          <form class="card-body" method="post" action="/console/login">
            <h1 class="h2 mb-1">{say('login.title')}</h1>
            <p class="text-secondary">{say('login.lead')}</p>
            {failure === null ? null : (
              <div class="alert alert-danger" role="alert" id="login-failure">
                {failure}
              </div>
            )}
            <CsrfField frame={frame} />
            <input type="hidden" name="next" value={next} />
            <div class="mb-3">
              <label class="form-label" for="email">
                {say('login.email')}
              </label>
              <input
                class="form-control"
                id="email"
                name="email"
                type="email"
                autocomplete="username"
                required
                maxLength={254}
                value={email}
                aria-describedby={failure === null ? undefined : 'login-failure'}
              />
            </div>
            <div class="mb-3">
              <label class="form-label" for="password">
                {say('login.password')}
              </label>
              <input
                class="form-control"
                id="password"
                name="password"
                type="password"
                autocomplete="current-password"
                required
                maxLength={256}
              />
            </div>
            <button class="btn btn-primary w-100" type="submit">
              {say('login.submit')}
            </button>
            {frame.demo ? <p class="text-secondary mt-3 mb-0">{say('login.demoHint')}</p> : null}
          </form>
        </div>
      </div>
    </Page>
  );
}
