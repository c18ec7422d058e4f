/** Requests drawn from the document alone, by callers of every kind, and every reply held against that document. */
import { startProgram } from '../prober/program.ts';
import { grouped } from '../prober/row.ts';
import type { GeneratedOptions, GeneratedWords } from './generated.ts';
import type { Place, Row } from './place.ts';

type Count = { prove: number; long: number };

/** Each of them is a server of its own, with one who asks in the same process. */
const CORES = ['first', 'second'] as const;
const LIFE_LIMIT_MS = 3_600_000;

const ENGINES: readonly { name: string; count: Count; url(place: Place): Promise<string | null> }[] = [
  { name: 'SQLite', count: { prove: 200_000, long: 1_000_000 }, url: async () => null },
  {
    name: 'MariaDB',
    count: { prove: 20_000, long: 200_000 },
    url: async (place) => (await place.server()).newDatabase(),
  },
];

export const GENERATED_ROWS: readonly Row[] = ENGINES.map(({ name, count, url }) => ({
  what: `requests generated from the API's own description, by its operator and two tenants, ${name}`,
  goal: '0 5xx, 0 schema breaks, 0 canaries across tenants',
  async measure(place) {
    const each = (place.long ? count.long : count.prove) / CORES.length;
    const seed = Math.floor(Math.random() * 2 ** 31);
    const worlds: GeneratedOptions[] = [];
    for (const nth of CORES.keys())
      worlds.push({ databaseUrl: await url(place), count: each, seed: seed + nth * each });
    const startMs = performance.now();
    const reports = await Promise.all(askAll(place, worlds));
    const seconds = (performance.now() - startMs) / 1_000;
    return claimOf(reports, { seed, seconds });
  },
}));

type Report = Extract<GeneratedWords, { report: unknown }>['report'];

function askAll(place: Place, worlds: readonly GeneratedOptions[]): Promise<Report>[] {
  const sent = worlds.map(() => 0);
  const all = worlds.reduce((sum, { count }) => sum + count, 0);
  return worlds.map(async (input, nth) => {
    const { signal } = place;
    const file = '../api/generated.ts';
    const program = startProgram({ file, input, core: CORES[nth] ?? 'any', limitMs: LIFE_LIMIT_MS, signal });
    try {
      for (;;) {
        const words = (await program.next()) as GeneratedWords;
        if ('report' in words) return words.report;
        sent[nth] = words.sent;
        place.progress(`${grouped(sent.reduce((sum, one) => sum + one, 0))} of ${grouped(all)} requests`);
      }
    } finally {
      await program.stop();
    }
  });
}

const COUNTS = ['requests', 'serverErrors', 'schemaBreaks', 'authBreaks', 'canaries', 'ownSeen', 'unanswered'] as const;

function claimOf(reports: readonly Report[], { seed, seconds }: { seed: number; seconds: number }) {
  const sum = (name: (typeof COUNTS)[number]) => reports.reduce((all, report) => all + report[name], 0);
  const { requests, serverErrors, schemaBreaks, authBreaks, canaries, ownSeen, unanswered } = Object.fromEntries(
    COUNTS.map((name) => [name, sum(name)]),
  ) as Record<(typeof COUNTS)[number], number>;
  const [first] = reports;
  const never = (first?.neverSucceeded ?? []).filter((id) => reports.every((one) => one.neverSucceeded.includes(id)));
  const problems = reports.flatMap((report) => report.problems);
  const succeeded = reports.flatMap(({ byStatus }) =>
    Object.entries(byStatus).map(([status, count]) => (status < '300' ? count : 0)),
  );
  const wrong = [serverErrors, schemaBreaks, authBreaks, canaries, unanswered];
  return {
    measured: `${grouped(requests)} requests: ${serverErrors} 5xx, ${schemaBreaks} schema breaks, ${canaries} canaries across tenants`,
    held: wrong.every((count) => count === 0) && ownSeen > 0,
    detail: [
      `${grouped(requests / seconds)} a second of ${reports.length} servers, seed ${seed}`,
      `${grouped(succeeded.reduce((all, one) => all + one, 0))} answered with success, ${authBreaks} let in or kept out wrongly, ${unanswered} unanswered`,
      `${grouped(ownSeen)} replies held the texts of their own caller`,
      never.length === 0 ? 'every operation succeeded' : `never succeeded: ${never.join(', ')}`,
      ...problems.slice(0, 3),
    ].join('; '),
  };
}
