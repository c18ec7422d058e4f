/** Conditions of Gatus as far as they are about the status and about texts in the page. */

type Settings = { expected_status: string; check_keyword?: string; forbidden_keywords?: string[] };

const STATUS_LIST = /^\[STATUS\]\s*==\s*(?:any\(([\d\s,]+)\)|(\d{3}))$/;
const STATUS_BOUND = /^\[STATUS\]\s*(<=|<|>=|>)\s*(\d{3})$/;
const BODY_HAS = /^\[BODY\]\s*(==|!=)\s*pat\(\*([^*]+)\*\)$/;
const LOWEST = 100;
const HIGHEST = 599;

/** What fits into settings; the others are left behind, word by word. Without a condition on it every status is good. */
export function conditionsIn(conditions: unknown, behind: string[]): Settings {
  let listed: string | null = null;
  let from = LOWEST;
  let to = HIGHEST;
  const wanted: string[] = [];
  const forbidden: string[] = [];
  for (const condition of Array.isArray(conditions) ? conditions.map((one) => String(one).trim()) : []) {
    const list = STATUS_LIST.exec(condition);
    const [, comparison, bound] = STATUS_BOUND.exec(condition) ?? [];
    const [, equality, text] = BODY_HAS.exec(condition) ?? [];
    if (list !== null && listed === null) listed = (list[1] ?? list[2] ?? '').replace(/\s/g, '');
    else if (comparison === '<') to = Math.min(to, Number(bound) - 1);
    else if (comparison === '<=') to = Math.min(to, Number(bound));
    else if (comparison === '>') from = Math.max(from, Number(bound) + 1);
    else if (comparison === '>=') from = Math.max(from, Number(bound));
    else if (text !== undefined && equality === '!=') forbidden.push(text);
    else if (text !== undefined && wanted.length === 0) wanted.push(text);
    // A visit without a connection fails in any case.
    else if (!/^\[CONNECTED\]\s*==\s*true$/.test(condition)) behind.push(`condition ${condition}`);
  }
  return {
    expected_status: listed ?? `${from}-${to}`,
    ...(wanted[0] === undefined ? {} : { check_keyword: wanted[0] }),
    ...(forbidden.length === 0 ? {} : { forbidden_keywords: forbidden }),
  };
}
