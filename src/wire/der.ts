/** The elements of DER (X.690 section 8.1), as far as reading somebody else's structure at a glance needs them. */

/** Tag octet, and where the content lies. */
export type Element = { tag: number; start: number; end: number };

/** The element that begins at `at`; null for what is none, or does not end within `der`. */
export function readElement(der: Buffer, at: number): Element | null {
  const tag = der[at];
  const first = der[at + 1];
  if (tag === undefined || first === undefined) return null;
  if (first < 0x80) return within(der, tag, at + 2, first);
  const lengthBytes = first & 0x7f;
  if (lengthBytes < 1 || lengthBytes > 4 || at + 2 + lengthBytes > der.length) return null;
  return within(der, tag, at + 2 + lengthBytes, der.readUIntBE(at + 2, lengthBytes));
}

function within(der: Buffer, tag: number, start: number, length: number): Element | null {
  const end = start + length;
  return end <= der.length ? { tag, start, end } : null;
}

const MAX_MEMBERS = 64;

/** The elements within an element, in order; null when its content is not made of whole ones, or of far too many. */
export function readMembers(der: Buffer, { start, end }: Element): Element[] | null {
  const members: Element[] = [];
  for (let at = start; at < end; ) {
    const member = readElement(der, at);
    if (member === null || member.end > end || members.length === MAX_MEMBERS) return null;
    members.push(member);
    at = member.end;
  }
  return members;
}
