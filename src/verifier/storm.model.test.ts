/** As many sites as a large host has, all gone within a minute: each is asked about, in order, within bounds. */
import { expect, it } from 'vitest';
import { panelOver, questionFor } from '../../test/kit/verifiers.ts';
import { DEFAULT_LANE } from './lane.ts';

const SECONDS = 60;
const SITES_A_SECOND = 1_667;

it('decides 100,000 sites that fail within a minute, although one verifier of three is silent', async () => {
  const { panel, double, pass } = panelOver({ a: 'down', b: 'down', c: 'silent' });
  for (const name of ['a', 'b']) double(name).delayMs = 400;
  let confirmed = 0;
  let mostWaiting = 0;
  for (let second = 0; second < SECONDS; second += 1) {
    for (let at = 0; at < SITES_A_SECOND; at += 1) {
      const url = `https://site-${second}-${at}.example/`;
      void panel.ask(questionFor(url)).then(({ outcome }) => {
        if (outcome === 'confirmed') confirmed += 1;
      });
    }
    for (const { waiting } of panel.report().verifiers) mostWaiting = Math.max(mostWaiting, waiting);
    await pass(1_000, 200);
  }
  await pass(20_000, 500);
  expect(confirmed).toBe(SECONDS * SITES_A_SECOND);
  expect(panel.report()).toMatchObject({ open: 0, outcomes: { no_verdict: 0 } });
  expect(double('a').mostInFlight).toBeLessThanOrEqual(DEFAULT_LANE.maxInFlight);
  // What is decided waits for the silent one no longer.
  expect(mostWaiting).toBeLessThan(5 * SITES_A_SECOND);
});
