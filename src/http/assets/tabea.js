/**
 * What the console does beyond forms and links; every page works without it.
 * - Listens for "something changed" and lets htmx fetch the parts that say so.
 * - Counts what an answer costs while it is written; the channel's own code on the server does the counting.
 */
'use strict';

(() => {
  const live = () => document.querySelector('.tb-live');

  function listen(address) {
    const source = new EventSource(address);
    source.addEventListener('open', () => live()?.setAttribute('data-state', 'on'));
    source.addEventListener('error', () => live()?.setAttribute('data-state', 'off'));
    source.addEventListener('changed', () => {
      document.body.dispatchEvent(new CustomEvent('tabea:changed'));
    });
  }

  /** The form shows an older version of the case than the part that was just fetched. */
  function noticeChange() {
    const fetched = document.querySelector('#case-live')?.getAttribute('data-version');
    const shown = document.querySelector('#case-actions')?.getAttribute('data-version');
    const notice = document.querySelector('#case-changed');
    if (notice && fetched && shown) notice.hidden = fetched === shown;
  }

  // What somebody has unfolded stays so when its part is fetched anew.
  const unfolded = new Set();
  document.addEventListener(
    'toggle',
    ({ target }) => {
      if (!(target instanceof HTMLDetailsElement) || target.id === '') return;
      if (target.open) unfolded.add(target.id);
      else unfolded.delete(target.id);
    },
    true,
  );
  function unfold() {
    for (const id of unfolded) {
      const fold = document.getElementById(id);
      if (fold instanceof HTMLDetailsElement) fold.open = true;
    }
  }

  async function measure(field) {
    const output = document.getElementById(field.dataset.measureOutput);
    const form = field.form;
    if (!output || !form) return;
    // Words only: files cost nothing here.
    const words = [...new FormData(form)].filter(([, value]) => typeof value === 'string');
    const body = new URLSearchParams(words);
    body.set('field', field.name);
    const answer = await fetch(field.dataset.measure, {
      method: 'POST',
      body,
      headers: { 'hx-request': 'true' },
    });
    if (!answer.ok || field.form !== form) return;
    const parts = document.createElement('template');
    parts.innerHTML = await answer.text();
    output.replaceChildren(parts.content);
  }

  // In its place, not as another page: files that were chosen stay chosen.
  document.addEventListener('submit', (event) => {
    if (event.submitter?.value !== 'preview') return;
    const field = event.target.querySelector('[data-measure]');
    if (!field) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void measure(field).catch(() => undefined);
  });

  const timers = new WeakMap();
  document.addEventListener('input', (event) => {
    const field = event.target;
    if (!(field instanceof HTMLElement) || field.dataset.measure === undefined) return;
    clearTimeout(timers.get(field));
    timers.set(
      field,
      setTimeout(() => void measure(field).catch(() => undefined), 200),
    );
  });

  // Filters take effect when they are chosen; the button stays for those without a script.
  document.addEventListener('change', (event) => {
    if (event.target instanceof HTMLSelectElement && event.target.form?.dataset.autosubmit === 'true') {
      event.target.form.requestSubmit();
    }
  });

  // Nobody sends an answer twice by pressing twice.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.dataset.once !== 'true') return;
    if (form.dataset.sent === 'true') event.preventDefault();
    form.dataset.sent = 'true';
  });
  window.addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  });

  document.addEventListener('DOMContentLoaded', () => {
    const address = document.body.dataset.events;
    if (address) listen(address);
    for (const name of ['htmx:after:swap', 'htmx:afterSwap']) {
      document.addEventListener(name, noticeChange);
      document.addEventListener(name, unfold);
    }
  });
})();
