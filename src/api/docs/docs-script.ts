/** The reference page reads without it: this finds, copies, and says where one is. */
export const DOCS_SCRIPT = `'use strict';
const index = document.querySelector('#index');
const field = document.querySelector('#search');
const entries = [...document.querySelectorAll('[data-find]')];
const links = new Map([...index.querySelectorAll('a')].map((link) => [link.hash.slice(1), link]));

function find() {
  const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const wanted = entries.filter((entry) => words.every((word) => entry.dataset.find.includes(word)));
  const shown = new Set(wanted);
  for (const entry of entries) {
    entry.hidden = !shown.has(entry);
    const link = links.get(entry.id);
    if (link !== undefined) link.parentElement.hidden = entry.hidden;
  }
  for (const group of index.querySelectorAll('.group')) group.hidden = isEmpty(group, 'li');
  for (const section of document.querySelectorAll('main section')) section.hidden = isEmpty(section, '[data-find]');
  document.querySelector('#found').textContent = words.length === 0 ? '' : wanted.length + ' found';
  if (words.length > 0) wanted[0]?.closest('section').scrollIntoView();
}

function isEmpty(parent, children) {
  return parent.querySelector(children + ':not([hidden])') === null;
}

field.parentElement.hidden = false;
field.addEventListener('input', find);
field.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  const first = entries.find((entry) => !entry.hidden && entry.id !== '');
  if (first !== undefined) location.hash = first.id;
});

// An address may name what the search left out.
addEventListener('hashchange', () => {
  if (index.matches(':popover-open')) index.hidePopover();
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null || target.closest('[hidden]') === null) return;
  field.value = '';
  find();
  target.scrollIntoView();
});
index.addEventListener('click', (event) => {
  if (event.target.closest('a') !== null && index.matches(':popover-open')) index.hidePopover();
});

function markPlace(article) {
  for (const link of index.querySelectorAll('[aria-current]')) link.removeAttribute('aria-current');
  const link = links.get(article.id);
  link.setAttribute('aria-current', 'location');
  const { top, bottom } = link.getBoundingClientRect();
  const bounds = index.getBoundingClientRect();
  const head = field.parentElement.offsetHeight;
  if (top < bounds.top + head) index.scrollTop += top - bounds.top - head;
  else if (bottom > bounds.bottom) index.scrollTop += bottom - bounds.bottom;
}

const place = new IntersectionObserver(
  (entries) => {
    const within = entries.find((entry) => entry.isIntersecting);
    if (within !== undefined) markPlace(within.target);
  },
  { rootMargin: '-10% 0px -89% 0px' },
);
for (const article of document.querySelectorAll('article')) place.observe(article);

for (const request of document.querySelectorAll('.request')) {
  request.textContent = request.textContent.replace(/http:\\S+?(?=\\/api\\/)/, location.origin);
}
for (const block of document.querySelectorAll('figure > pre')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  block.previousElementSibling.append(button);
}
document.addEventListener('click', async (event) => {
  const button = event.target.closest('.copy');
  if (button === null) return;
  const isCopied = await copied(button.closest('figure').querySelector('code'));
  button.textContent = isCopied ? 'Copied' : 'Selected';
  document.querySelector('#told').textContent = isCopied ? 'Copied' : 'Selected; copy it with the keyboard';
  setTimeout(() => {
    button.textContent = 'Copy';
    document.querySelector('#told').textContent = '';
  }, 2000);
});

// The clipboard is there over https and on this machine alone; elsewhere the text is selected and the older way tried.
async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand('copy');
  }
}
`;
