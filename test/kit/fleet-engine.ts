/** An engine that watches a few sites, each in a network of its own: how each of them fares is the test's to say. */
import { DEFAULT_POLICY, type ServerPolicy } from '../../src/domain/decision-policy.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import type { FailureShape, Verdict } from '../../src/domain/verdict.ts';
import type { Outcome, Verification } from '../../src/domain/verification.ts';
import type { Confirm, Question } from '../../src/engine/judge/confirm.ts';
import type { ProbeJob } from '../../src/prober/prober.ts';
import type { Endpoint } from '../../src/store/endpoints.ts';
import { verification } from './decisions.ts';
import { type TestEngineOptions, testEngine } from './engine.ts';
import { verdict } from './fake-prober.ts';

const STEP_MS = 500;

/** How a site fares: well, or failing like this. */
export type Fares = 'up' | FailureShape | 'unresolved';

const REASON: Readonly<Record<FailureShape, string>> = {
  answered: 'http_5xx',
  refused: 'tcp_refused',
  silent: 'tcp_timeout',
  name: 'dns_nxdomain',
};

export function failed(shape: FailureShape): Verdict {
  return { ...verdict('Seems Down'), shape, reason: REASON[shape] };
}

/** All are well until told otherwise; a silent look takes the deadline of its job, any other what `tookMs` says. */
export async function fleetEngine(of: number, options: TestEngineOptions & { intervalSeconds?: number } = {}) {
  const bench = await testEngine(options);
  const sites: { endpoint: Endpoint; fares: Fares; tookMs: number }[] = [];
  for (let nth = 0; nth < of; nth += 1) {
    const endpoint = await bench.store.addEndpoint({ url: `https://site-${nth}.example/` });
    const { intervalSeconds } = options;
    if (intervalSeconds !== undefined)
      await bench.store.endpoints.update(EVERY_SITE, endpoint.endpointId, { intervalSeconds });
    sites.push({ endpoint, fares: 'up', tookMs: 80 });
  }
  const nthOf = ({ url }: ProbeJob) => Number(/site-(\d+)\./.exec(url)?.[1] ?? -1);
  const siteOf = (job: ProbeJob) => {
    const site = sites[nthOf(job)];
    if (site === undefined) throw new Error(`nobody watches ${job.url}`);
    return site;
  };
  /** What stands between us and all sites; it may change what a look finds. */
  const uplink = { shows: (fares: Fares): Fares => fares };
  bench.prober.locate((job) => `93.${nthOf(job)}.1.1`);
  bench.prober.script(
    (job) => {
      const seen = uplink.shows(siteOf(job).fares);
      if (seen === 'unresolved') return [{ ...verdict('Unknown'), reason: 'dns_servfail', othersCanTell: 'name' }];
      return [seen === 'up' ? verdict('Up') : failed(seen)];
    },
    (job) => (uplink.shows(siteOf(job).fares) === 'silent' ? job.timeoutMs : siteOf(job).tookMs),
  );

  return {
    ...bench,
    sites,
    uplink,
    site(nth: number) {
      const site = sites[nth];
      if (site === undefined) throw new Error(`there is no site ${nth}`);
      return site;
    },
    /** Lets time pass, in steps that are coarse for what takes many minutes. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        bench.clock.advance(Math.min(STEP_MS, left));
        await bench.quiet();
      }
    },
    /** Of the sites, without those about the monitor itself. */
    async events() {
      const all = await bench.store.queries.list(EVERY_SITE, { limit: 1_000 });
      return all.filter(({ siteId, checkType }) => siteId !== 0n && checkType === 'http');
    },
    /** Names of open events about the monitor itself. */
    async troubles() {
      const all = await bench.store.queries.list(EVERY_SITE, { checkTypes: ['monitor'], active: true, limit: 100 });
      return all.map(({ discriminator }) => discriminator);
    },
    looksAt: (nth: number) => bench.prober.jobs.filter(({ job }) => nthOf(job) === nth),
  };
}

/** Verifiers of whom each question gets the same outcome, after a while. */
export function verifiers(says: (question: Question) => Outcome | Verification, policy: Partial<ServerPolicy> = {}) {
  const asked: Question[] = [];
  const confirm: Confirm = {
    isConfigured: true,
    async ask(question) {
      asked.push(question);
      const said = says(question);
      return typeof said === 'string' ? verification(said) : said;
    },
  };
  return {
    asked,
    parts: {
      createConfirm: () => confirm,
      policy: () => ({ attemptsToConfirm: 3, ...DEFAULT_POLICY, verifiers: 'configured' as const, ...policy }),
    },
  };
}
