/** How the reference page looks: in light and in dark, on wide screens and narrow ones, and on paper. */
export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e4e7eb);
  --quiet: light-dark(#545c66, #a3adb8);
  --ground: light-dark(#ffffff, #14171a);
  --raised: light-dark(#f3f5f7, #1e2327);
  --line: light-dark(#d5dae0, #363d45);
  --link: light-dark(#0b57b0, #8cbcff);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--ground); z-index: 1; }
header { padding: 1.5rem; border-bottom: 1px solid var(--line); }
header > * { max-width: 70ch; }
h1, h2, h3, h4 { line-height: 1.25; }
h1 { margin-top: 0; }
h2 { margin-top: 2.5rem; }
h4 { margin: 1.25rem 0 .25rem; }
small, .scope { color: var(--quiet); font-size: .875rem; font-weight: normal; }
.columns { display: grid; grid-template-columns: minmax(15rem, 22rem) minmax(0, 1fr); }
nav { position: sticky; top: 0; max-height: 100vh; overflow: auto; padding: 1rem 1.5rem; border-right: 1px solid var(--line); font-size: .875rem; }
nav h3 { margin: 1rem 0 .25rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li { padding: .125rem 0; overflow-wrap: anywhere; }
nav input { width: 100%; font: inherit; padding: .375rem .5rem; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: 4px; }
main { padding: 0 1.5rem 4rem; }
article { padding: .5rem 0 1.5rem; border-top: 1px solid var(--line); }
article h3 { margin-bottom: .25rem; }
article h3 a { color: inherit; text-decoration: none; }
.method { font: .8125rem ui-monospace, monospace; font-weight: 700; }
.call { margin: .25rem 0 .75rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .375rem .75rem .375rem 0; border-bottom: 1px solid var(--line); }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; }
pre { margin: .5rem 0; padding: .75rem 1rem; max-height: 28rem; overflow: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 4px; }
.errors { margin: 0; padding-left: 1.25rem; }
[hidden] { display: none; }
@media (max-width: 52rem) {
  .columns { display: block; }
  nav { position: static; max-height: 16rem; border-right: 0; border-bottom: 1px solid var(--line); }
}
@media print {
  nav, .skip { display: none; }
  .columns { display: block; }
  pre { max-height: none; white-space: pre-wrap; }
}
`;
