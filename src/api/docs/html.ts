/** HTML from values: what is put in is text unless it was made here. */

/** Markup that may stand as it is. */
export type Html = { readonly markup: string };

type Part = Html | string | number | null | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A template whose values are escaped; lists are joined, null is nothing. */
export function html(texts: TemplateStringsArray, ...values: Part[]): Html {
  const rest = values.map((value, n) => markupOf(value) + (texts[n + 1] ?? ''));
  return { markup: (texts[0] ?? '') + rest.join('') };
}

function markupOf(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'string' || typeof part === 'number') {
    return String(part).replace(/[&<>"']/g, (unit) => ESCAPES[unit] ?? unit);
  }
  return 'markup' in part ? part.markup : part.map(markupOf).join('');
}

/** Prose in which words between back quotes are code. */
export function prose(text: string): Html {
  return html`${text.split('`').map((piece, n) => (n % 2 === 1 ? html`<code>${piece}</code>` : piece))}`;
}
