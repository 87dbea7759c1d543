/** The frame of every page: head, demo banner, and how a page is sent. */
import type { Request, Response } from 'express';
import type { ComponentChildren, VNode } from 'preact';
import { render } from 'preact-render-to-string';
import { CSRF_FIELD, makeCsrfToken } from '../auth/csrf.js';
import type { Messages } from '../../../config/load.js';
import type { AssetName, AssetStore } from '../asset-store.js';
import { speak, type Language, type Say } from './texts.js';
import { visitOf } from './visit.js';

/** What every page needs. */
export interface Frame {
  readonly assets: AssetStore;
  readonly demo: boolean;
  readonly language: Language;
  readonly say: Say;
  /** A fresh CSRF token, '' on a page without forms. */
  readonly csrf: string;
  /** Address of this page, for the way back after switching the language. */
  readonly here: string;
}

/** What the application gives every page. */
export interface FrameBase {
  readonly assets: AssetStore;
  readonly demo: boolean;
  readonly messages: Readonly<Record<Language, Messages>>;
}

export function frameOf(request: Request, base: FrameBase, language?: Language): Frame {
  const visit = visitOf(request);
  const spoken = language ?? visit.language;
  return {
    assets: base.assets,
    demo: base.demo,
    language: spoken,
    say: speak(base.messages[spoken]),
    csrf: visit.csrfSecret === '' ? '' : makeCsrfToken(visit.csrfSecret),
    here: request.method === 'GET' ? request.originalUrl : '/console',
  };
}

export interface PageProps {
  readonly frame: Frame;
  readonly title: string;
  readonly scripts?: readonly AssetName[];
  readonly styles?: readonly AssetName[];
  /** Where the page's script listens for changes. */
  readonly events?: string;
  readonly header: VNode | null;
  readonly children: ComponentChildren;
}

export function Page({ frame, title, scripts = [], styles = [], events, header, children }: PageProps) {
  const { assets, say } = frame;
  return (
    <html lang={frame.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light" />
        <meta name="theme-color" content="#0b4f6c" />
        <meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":false}' />
        <title>{`${title} · ${say('app.name')}`}</title>
        <link rel="icon" href={assets.url('favicon.svg')} type="image/svg+xml" />
        {(['tabler.css', 'tabea.css', ...styles] as const).map((name) => (
          <link rel="stylesheet" href={assets.url(name)} key={name} />
        ))}
        {scripts.map((name) => (
          <script src={assets.url(name)} defer key={name} />
        ))}
      </head>
      <body data-events={events}>
        <a class="tb-skip" href="#isi">
          {say('app.skip')}
        </a>
        {frame.demo ? <DemoBanner say={say} /> : null}
        <div class="page">
          {header}
          <main class="page-wrapper" id="isi" tabIndex={-1}>
            {children}
          </main>
        </div>
      </body>
    </html>
  );
}

function DemoBanner({ say }: { readonly say: Say }) {
  return (
    <aside class="tb-demo" aria-label="Demo">
      <strong>Demo.</strong> {say('demo.banner')}
    </aside>
  );
}

export function CsrfField({ frame }: { readonly frame: Frame }) {
  return <input type="hidden" name={CSRF_FIELD} value={frame.csrf} />;
}

/** A whole page. Pages hold citizens' words: no cache may keep them. */
export function sendPage(response: Response, page: VNode, status = 200): void {
  sendHtml(response, `<!doctype html>${render(page)}`, status);
}

/** A part of a page, for htmx. */
export function sendFragment(response: Response, part: VNode, status = 200): void {
  sendHtml(response, render(part), status);
}

function sendHtml(response: Response, html: string, status: number): void {
  response.status(status).set('cache-control', 'no-store').type('html').send(html);
}
