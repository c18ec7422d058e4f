/** How the reference page looks: in light and in dark, on wide screens and narrow ones, and on paper. */
export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e4e7eb);
  --quiet: light-dark(#545c66, #a3adb8);
  --ground: light-dark(#ffffff, #14171a);
  --raised: light-dark(#f3f5f7, #1e2327);
  --line: light-dark(#d5dae0, #363d45);
  --link: light-dark(#0b57b0, #8cbcff);
  --get: var(--link);
  --add: light-dark(#1a7044, #63d297);
  --change: light-dark(#7d5800, #eac454);
  --remove: light-dark(#b3261e, #ff9a92);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); overflow-wrap: break-word; display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
#content:focus { outline: none; }
[hidden] { display: none !important; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--ground); z-index: 2; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; }
h1 { font-size: 1.75rem; }
h2 { font-size: 1.375rem; padding-top: 2.5rem; }
h3 { font-size: 1.125rem; }
h4 { font-size: .9375rem; margin: 1.25rem 0 .375rem; }
.facts > h4:first-child { margin-top: 0; }
p, ul { margin: .5rem 0; }
small, .scope, .type, .mark, figcaption, #found { color: var(--quiet); font-size: .8125rem; font-weight: normal; }
.prose { max-width: 75ch; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .8125rem; }
pre code { font-size: inherit; }
button { font: inherit; font-size: .8125rem; color: var(--text); background: var(--ground); border: 1px solid var(--line); border-radius: 4px; padding: .125rem .5rem; cursor: pointer; }
button:hover { border-color: var(--quiet); }

.bar { display: none; }
nav { display: block; position: sticky; inset: auto; top: 0; margin: 0; width: auto; height: 100vh; overflow: auto; padding: 0 1rem 2rem; border: 0; border-right: 1px solid var(--line); color: inherit; background: var(--raised); font-size: .8125rem; }
nav .search { position: sticky; top: 0; margin: 0 -1rem; padding: 1rem 1rem .5rem; background: var(--raised); }
nav input { width: 100%; font: inherit; font-size: .9375rem; padding: .375rem .5rem; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: 4px; }
nav #found { display: block; min-height: 1.25rem; }
nav h3 { margin: 1rem 0 .25rem; font-size: .875rem; }
nav h3:first-child { margin-top: 0; }
nav .group { padding-bottom: .75rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { color: inherit; text-decoration: none; }
nav a:hover { text-decoration: underline; }
nav li a { display: flex; gap: .5rem; align-items: baseline; padding: .1875rem .25rem; border-radius: 4px; }
nav li a[aria-current] { background: light-dark(#dfe7f1, #2b3540); }
nav li .method { flex: none; width: 3.125rem; }
nav li span { min-width: 0; }

main { min-width: 0; max-width: 90rem; padding: 1.5rem 2rem 4rem; }
.method { font: 700 .6875rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; letter-spacing: .02em; color: var(--get); }
.method.post { color: var(--add); }
.method.put, .method.patch { color: var(--change); }
.method.delete { color: var(--remove); }
/* What is far from the screen is not laid out: a third of the work of opening the page. */
article { margin: 1rem -1rem 0; padding: 1.25rem 1rem 1.5rem; border-top: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 50rem; }
article:target { border-top-color: var(--link); box-shadow: inset 3px 0 var(--link); }
h3 > a { color: inherit; text-decoration: none; }
main h3 > a::after { content: ' #'; color: var(--link); opacity: 0; }
main h3 > a:is(:hover, :focus-visible)::after { opacity: 1; }
.call { margin: .375rem 0 .5rem; overflow-wrap: anywhere; }
.call .method { font-size: .8125rem; }
.scope { margin-left: .25rem; white-space: nowrap; }

.parts { margin-top: 1rem; }
figure { margin: 0 0 .75rem; }
figcaption { display: flex; align-items: baseline; gap: .5rem; min-height: 1.75rem; }
.copy { margin-left: auto; }
pre { margin: 0; padding: .75rem 1rem; max-height: 24rem; overflow: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 4px; tab-size: 2; }
pre:has(.request) { font-size: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: none; }
.members { margin: .375rem 0; }
.members > div { padding: .4375rem 0; border-top: 1px solid var(--line); }
.members dt { overflow-wrap: anywhere; }
.members dt > code { font-weight: 600; }
.members dd { margin: 0; }
.members dd:empty { display: none; }
.type { margin-left: .25rem; }
.type code { font-size: inherit; }
.mark { font-style: italic; }
.errors { list-style: none; padding: 0; font-size: .875rem; }
.errors code { overflow-wrap: anywhere; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }

@media (min-width: 68rem) {
  .parts { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 2rem; align-items: start; }
  .facts { grid-column: 1; grid-row: 1; }
  .example { grid-column: 2; grid-row: 1; }
  .shape .members > div { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0 2rem; }
}
@media (max-width: 52rem) {
  html { scroll-padding-top: 4rem; }
  body { display: block; }
  .bar { display: flex; align-items: center; gap: .75rem; position: sticky; top: 0; z-index: 1; margin: 0; padding: .5rem 1rem; background: var(--raised); border-bottom: 1px solid var(--line); }
  .bar button { min-height: 2.25rem; padding: .25rem .75rem; font-size: .9375rem; }
  nav:not(:popover-open) { display: none; }
  nav { position: fixed; inset: 0 auto 0 0; width: min(24rem, 100vw - 3rem); height: 100dvh; font-size: .9375rem; }
  nav::backdrop { background: rgb(0 0 0 / .4); }
  nav li a { padding: .375rem .25rem; }
  main { padding: 1rem 1rem 3rem; }
}
@media (prefers-contrast: more) {
  :root { --quiet: var(--text); --line: var(--text); }
}
@media print {
  :root { color-scheme: light; }
  body { display: block; font-size: 9pt; }
  nav, .skip, .bar, .copy { display: none; }
  main { padding: 0; }
  h2, h3, h4, figcaption { break-after: avoid; }
  .members > div, li, tr { break-inside: avoid; }
  article { margin: .5rem 0 0; padding: .5rem 0; content-visibility: visible; }
  code, pre { font-size: 7.5pt; }
  pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere; }
}
`;
