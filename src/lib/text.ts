/** Text of strangers, made fit for a column. */

/** At most `length` UTF-16 units, and well-formed: a pair cut in two or a lone surrogate becomes U+FFFD. */
export function fitText(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}
