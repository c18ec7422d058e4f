/** The reference page reads without it; this hides what is not looked for. */
export const DOCS_SCRIPT = `'use strict';
const field = document.querySelector('#search');
const found = document.querySelector('#found');
const articles = [...document.querySelectorAll('article[data-find]')];

function show() {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const article of articles) {
    const isWanted = words.every((word) => article.dataset.find.includes(word));
    if (isWanted) shown += 1;
    article.hidden = !isWanted;
    document.querySelector('nav a[href="#' + article.id + '"]').parentElement.hidden = !isWanted;
  }
  found.textContent = words.length === 0 ? '' : shown === 1 ? '1 operation' : shown + ' operations';
}

field.closest('p').hidden = false;
field.addEventListener('input', show);
addEventListener('hashchange', () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null || !target.hidden) return;
  field.value = '';
  show();
  target.scrollIntoView();
});
`;
