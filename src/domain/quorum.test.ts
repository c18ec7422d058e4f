import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/kit/runs.ts';
import { quorumOf, regionsOf, settledOutcome, tally } from './quorum.ts';
import type { Vote } from './verification.ts';

type Says = Vote['says'];

function vote(verifier: string, region: string, says: Says, quarantined = false): Vote {
  const seen = { reason: 'ok', httpCode: null, errorCode: 0, failureClass: null, rttMs: null, tookMs: 1 };
  return { verifier, region, says, quarantined, ...seen };
}

/** One verifier a region: `{ a: 'down' }` is a vote of verifier a in region a. */
const votesOf = (says: Record<string, Says>) => Object.entries(says).map(([name, said]) => vote(name, name, said));
const ruleOf = (regions: string, quorum = quorumOf(regions.length, null)) => ({ regions: [...regions], quorum });
const everyone = () => true;
const nobody = () => false;

const outcome = (regions: string, says: Record<string, Says>, isGood: (name: string) => boolean = everyone) =>
  tally(votesOf(says), ruleOf(regions), isGood).outcome;

describe('the quorum', () => {
  it('is more than half of the regions, or what is wanted within 1 and all of them', () => {
    expect([1, 2, 3, 4, 5].map((regions) => quorumOf(regions, null))).toEqual([1, 2, 2, 3, 3]);
    expect(quorumOf(3, 3)).toBe(3);
    expect(quorumOf(2, 3)).toBe(2);
    expect(quorumOf(3, 1)).toBe(1);
  });

  it('counts regions, not verifiers', () => {
    expect(regionsOf([{ region: 'eu' }, { region: 'us' }, { region: 'eu' }])).toEqual(['eu', 'us']);
  });

  it('does not shrink when verifiers are silent: one of three that answers confirms and refutes nothing', () => {
    expect(outcome('abc', { a: 'down', b: 'none', c: 'none' })).toBe('no_verdict');
    expect(outcome('abc', { a: 'up' })).toBe('no_verdict');
    expect(outcome('abc', {})).toBe('no_verdict');
  });
});

describe('the outcome', () => {
  it('is confirmed when the quorum of regions sees it down, whatever the rest says', () => {
    expect(outcome('abc', { a: 'down', b: 'down', c: 'up' })).toBe('confirmed');
    expect(outcome('abc', { a: 'down', b: 'down' })).toBe('confirmed');
  });

  it('is refuted when the quorum sees it up and nobody who can be believed sees it down', () => {
    expect(outcome('abc', { a: 'up', b: 'up', c: 'none' })).toBe('refuted');
    expect(outcome('abc', { a: 'up', b: 'up', c: 'down' }, nobody)).toBe('refuted');
  });

  it('is regional when a region in good standing sees it down and the quorum sees it up', () => {
    const said = tally(votesOf({ a: 'up', b: 'up', c: 'down' }), ruleOf('abc'), (name) => name === 'c');
    expect(said).toEqual({ outcome: 'regional', downRegions: ['c'] });
  });

  it('is regional without a quorum when enough were heard and both sides can be believed', () => {
    const split = { a: 'down', b: 'up', c: 'none' } as const;
    expect(outcome('abc', split)).toBe('regional');
    expect(outcome('abc', split, (name) => name === 'a')).toBe('no_verdict');
    expect(outcome('abc', split, (name) => name === 'b')).toBe('no_verdict');
    expect(outcome('abcde', { a: 'down', b: 'up' })).toBe('no_verdict');
  });

  it('gives a region one say: what most of its verifiers saw; a tie is none', () => {
    const said = [vote('a1', 'a', 'down'), vote('a2', 'a', 'down'), vote('a3', 'a', 'up')];
    const rule = ruleOf('abc');
    expect(tally([...said, vote('b', 'b', 'down')], rule, nobody).outcome).toBe('confirmed');
    expect(tally(said, rule, nobody)).toEqual({ outcome: 'no_verdict', downRegions: ['a'] });
    const tie = [vote('a1', 'a', 'down'), vote('a2', 'a', 'up'), vote('b', 'b', 'down')];
    expect(tally(tie, rule, nobody)).toEqual({ outcome: 'no_verdict', downRegions: ['b'] });
  });

  it('does not count who is in quarantine, votes twice, or stands in no region of ours', () => {
    const rule = ruleOf('abc');
    const once = vote('a', 'a', 'down');
    expect(tally([once, vote('b', 'b', 'down', true)], rule, everyone).outcome).toBe('no_verdict');
    expect(tally([once, vote('a', 'b', 'down')], rule, everyone).outcome).toBe('no_verdict');
    expect(tally([once, vote('x', 'x', 'down')], rule, everyone).outcome).toBe('no_verdict');
  });
});

describe('an outcome that does not depend on the rest', () => {
  const awaited = (names: string) => [...names].map((name) => ({ verifier: name, region: name, quarantined: false }));

  it('stands as soon as the quorum sees it down', () => {
    const votes = votesOf({ a: 'down', b: 'down' });
    expect(settledOutcome(votes, awaited('c'), ruleOf('abc'), nobody)).toBe('confirmed');
  });

  it('is refuted early only when nobody who is awaited would be believed alone', () => {
    const votes = votesOf({ a: 'up', b: 'up' });
    expect(settledOutcome(votes, awaited('c'), ruleOf('abc'), nobody)).toBe('refuted');
    expect(settledOutcome(votes, awaited('c'), ruleOf('abc'), (name) => name === 'c')).toBeNull();
  });

  it('is no verdict as soon as too few are left', () => {
    const votes = votesOf({ a: 'none', b: 'none' });
    expect(settledOutcome(votes, awaited('c'), ruleOf('abc'), everyone)).toBe('no_verdict');
  });
});

const SAYS = fc.constantFrom<Says>('down', 'up', 'none');
/** 1 to 7 regions with 1 to 3 verifiers each, who is in good standing or in quarantine, and any quorum. */
const panels = fc
  .array(
    fc.array(fc.record({ says: SAYS, good: fc.boolean(), quarantined: fc.boolean() }), { minLength: 1, maxLength: 3 }),
    { minLength: 1, maxLength: 7 },
  )
  .chain((regions) =>
    fc.record({
      members: fc.constant(
        regions.flatMap((verifiers, region) =>
          verifiers.map(({ good, ...rest }, at) => ({
            good: good && !rest.quarantined,
            vote: vote(`${region}.${at}`, `r${region}`, rest.says, rest.quarantined),
          })),
        ),
      ),
      quorum: fc.integer({ min: 1, max: regions.length }),
    }),
  );

describe('whatever is said', () => {
  it('an early outcome is the one that all votes together give', () => {
    fc.assert(
      fc.property(panels, fc.func(fc.boolean()), ({ members, quorum }, isHeardFirst) => {
        const rule = { regions: regionsOf(members.map((member) => member.vote)), quorum };
        const good = new Set(members.filter((member) => member.good).map((member) => member.vote.verifier));
        const isGood = (name: string) => good.has(name);
        const votes = members.map((member) => member.vote);
        const first = votes.filter(({ verifier }) => isHeardFirst(verifier));
        const rest = votes.filter((one) => !first.includes(one));
        const early = settledOutcome(first, rest, rule, isGood);
        const all = tally(votes, rule, isGood).outcome;
        return early === null || early === all;
      }),
      { numRuns: runs(3_000) },
    );
  });

  it('is always decided once nobody is awaited', () => {
    fc.assert(
      fc.property(panels, ({ members, quorum }) => {
        const votes = members.map((member) => member.vote);
        const isGood = (name: string) => members.some((member) => member.good && member.vote.verifier === name);
        const rule = { regions: regionsOf(votes), quorum };
        return settledOutcome(votes, [], rule, isGood) === tally(votes, rule, isGood).outcome;
      }),
    );
  });

  it('f of 2f+1 regions that lie neither confirm what is up nor refute what is down, nor make up regional without standing', () => {
    const worlds = fc.integer({ min: 1, max: 4 }).chain((f) =>
      fc.record({
        truth: fc.constantFrom<'down' | 'up'>('down', 'up'),
        lies: fc.array(SAYS, { minLength: f, maxLength: f }),
        honestSilent: fc.array(fc.boolean(), { minLength: f + 1, maxLength: f + 1 }),
      }),
    );
    fc.assert(
      fc.property(worlds, ({ truth, lies, honestSilent }) => {
        const votes = [
          ...lies.map((says, at) => vote(`liar${at}`, `liar${at}`, says)),
          ...honestSilent.map((silent, at) => vote(`h${at}`, `h${at}`, silent ? 'none' : truth)),
        ];
        const regions = regionsOf(votes);
        const rule = { regions, quorum: quorumOf(regions.length, null) };
        const { outcome: said } = tally(votes, rule, (name) => name.startsWith('h'));
        const allHeard = honestSilent.every((silent) => !silent);
        const right = truth === 'down' ? 'confirmed' : 'refuted';
        return said === right || (said === 'no_verdict' && !allHeard);
      }),
      { numRuns: runs(3_000) },
    );
  });
});
