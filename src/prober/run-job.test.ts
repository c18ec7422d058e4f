import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { replyOf, visitOf } from '../../test/kit/visit.ts';
import type { Check } from '../checks/check.ts';
import { CHECKS } from '../checks/registry.ts';
import type { Visit, VisitRequest } from '../checks/visit.ts';
import { DEFAULT_PLAN } from '../domain/probe-plan.ts';
import type { ProbeJob } from './prober.ts';
import { createJobRunner, type JobOutcome } from './run-job.ts';

const JOB: ProbeJob = { id: 1, url: 'http://site.test/', timeoutMs: 1_000, plan: null, evidence: 'unless_healthy' };
const timedOut = (pausedMs: number): Visit =>
  visitOf({ failure: { phase: 'http', code: 'DEADLINE', detail: '' } }, { pausedMs });

/** Runs a job whose visits end as given, one after another, until one is not void. */
function runThrough(visits: (Visit | Error)[], { checks = CHECKS, job = JOB } = {}) {
  const asked: VisitRequest[] = [];
  const outcomes: JobOutcome[] = [];
  const run = createJobRunner({
    checks,
    clock: createFakeClock(),
    plan: DEFAULT_PLAN,
    visit(request, done, threw) {
      const next = visits[asked.length];
      asked.push(request);
      if (next instanceof Error) threw(next);
      else if (next !== undefined) done({ ...next, voidedRuns: request.voidedRuns });
    },
  });
  do run(job, asked.length, (outcome) => outcomes.push(outcome));
  while (outcomes.at(-1)?.kind === 'void');
  return { asked, outcomes, last: outcomes.at(-1) };
}

describe('a job', () => {
  it('that finds nothing wrong is healthy, without words', () => {
    const { last } = runThrough([visitOf({ reply: replyOf(200) })]);
    expect(last).toMatchObject({ kind: 'healthy', judgement: { isHealthy: true } });
  });

  it('is told in full when evidence is wanted in any case', () => {
    const { last } = runThrough([visitOf({ reply: replyOf(200) })], { job: { ...JOB, evidence: 'always' } });
    expect(last).toMatchObject({ kind: 'observed', observation: { evidence: { http_code: 200 } } });
  });

  it('has the plan of the settings, or its own', () => {
    const own = { ...DEFAULT_PLAN, keyword: 'word' };
    expect(runThrough([timedOut(0)]).asked[0]?.plan).toBe(DEFAULT_PLAN);
    expect(runThrough([timedOut(0)], { job: { ...JOB, plan: own } }).asked[0]?.plan).toBe(own);
  });
});

describe('a void run', () => {
  it('is made again, and what it finds then counts, without words of the pause', () => {
    const { last, asked } = runThrough([timedOut(150), timedOut(0)]);
    expect(asked).toHaveLength(2);
    expect(last).toMatchObject({
      kind: 'observed',
      isStalled: false,
      observation: { verdicts: [{ reason: 'http_timeout' }], evidence: { voided_runs: 1 } },
    });
  });

  it('is made again three times at most, then nobody knows', () => {
    const { last, asked } = runThrough(Array.from({ length: 9 }, () => timedOut(150)));
    expect(asked).toHaveLength(4);
    expect(last).toMatchObject({
      kind: 'observed',
      isStalled: true,
      observation: { timings: {}, verdicts: [{ reason: 'monitor_stalled', state: 'Unknown' }] },
    });
  });

  it('is not one in which the server spoke: that stands, but nothing of it was timed', () => {
    const spoken = visitOf({ reply: replyOf(500) }, { pausedMs: 3_000 });
    const { last, asked } = runThrough([spoken]);
    expect(asked).toHaveLength(1);
    expect(last).toMatchObject({ observation: { timings: {}, verdicts: [{ reason: 'http_server_error' }] } });
  });
});

describe('a mistake of ours', () => {
  const broken: Check = {
    ...(CHECKS[0] as Check),
    judge() {
      throw new RangeError('off by one');
    },
  };

  it.each([
    ['in the wire', [new RangeError('off by one')], CHECKS],
    ['in a check', [timedOut(0)], [broken]],
  ])('%s is Unknown and named in the evidence', (_, visits, checks) => {
    expect(runThrough(visits, { checks }).last).toMatchObject({
      kind: 'observed',
      observation: {
        verdicts: [{ reason: 'prober_failed', state: 'Unknown' }],
        evidence: { error: { phase: 'prober', code: 'RangeError' } },
      },
    });
  });
});
