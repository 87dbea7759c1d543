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
        form.elements.namedItem('text').value = '';
      }
    });
  });

  // Enter sends, as on a telephone; Shift+Enter begins a new line.
  document.addEventListener('keydown', (event) => {
    const field = event.target;
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    if (!(field instanceof HTMLTextAreaElement) || field.closest('.sim-compose') === null) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
})();
