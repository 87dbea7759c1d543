/** The newest message is in view, and a message that was sent leaves the box empty. */
'use strict';

(() => {
  const toEnd = () => {
    for (const box of document.querySelectorAll('.sim-messages')) box.scrollTop = box.scrollHeight;
  };

  document.addEventListener('DOMContentLoaded', () => {
    toEnd();
    document.addEventListener('htmx:after:swap', toEnd);
    document.addEventListener('htmx:after:request', (event) => {
      const form = event.target;
      if (form instanceof HTMLFormElement && form.classList.contains('sim-compose')) {
        for (const name of ['text', 'subject']) {
          const field = form.elements.namedItem(name);
          if (field) field.value = '';
        }
      }
    });
  });

  // A mail is answered by its subject.
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('.sim-reply') : null;
    const form = button?.closest('.sim-device')?.querySelector('.sim-compose');
    if (!form) return;
    form.elements.namedItem('subject').value = button.dataset.subject;
    form.elements.namedItem('text').focus();
  });

  // Enter sends, as on a telephone; Shift+Enter begins a new line. A mail has many lines.
  document.addEventListener('keydown', (event) => {
    const field = event.target;
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    if (!(field instanceof HTMLTextAreaElement) || field.closest('.sim-compose') === null) return;
    if (field.closest('[data-look=mailbox]') !== null) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
})();
