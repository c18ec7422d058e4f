import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createPausingClock } from '../../test/kit/pausing-clock.ts';
import { beat, createHeartbeat, SILENT_AFTER_MS, watchHeartbeat } from './heartbeat.ts';

function watched() {
  const clock = createFakeClock();
  const heartbeat = createHeartbeat();
  let silences = 0;
  const watch = watchHeartbeat(heartbeat, clock, () => {
    silences += 1;
  });
  return { clock, heartbeat, watch, silences: () => silences };
}

describe('a heartbeat', () => {
  it('is heard for as long as it beats', () => {
    const { clock, heartbeat, silences } = watched();
    for (let round = 0; round < 20; round += 1) {
      clock.advance(SILENT_AFTER_MS / 2);
      beat(heartbeat);
    }
    expect(silences()).toBe(0);
  });

  it('that stops is reported once', () => {
    const { clock, heartbeat, silences } = watched();
    beat(heartbeat);
    clock.advance(SILENT_AFTER_MS);
    expect(silences()).toBe(0);
    clock.advance(1_000);
    expect(silences()).toBe(1);
    clock.advance(10 * SILENT_AFTER_MS);
    expect(silences()).toBe(1);
  });

  it('is not missed because the whole process was paused: a late look is one look', () => {
    const clock = createPausingClock();
    let silences = 0;
    watchHeartbeat(createHeartbeat(), clock, () => {
      silences += 1;
    });
    clock.pause(10 * SILENT_AFTER_MS);
    clock.advance(1_000);
    expect(silences).toBe(0);
  });

  it('is not listened for after the watch was cancelled', () => {
    const { clock, watch, silences } = watched();
    watch.cancel();
    clock.advance(2 * SILENT_AFTER_MS);
    expect(silences()).toBe(0);
  });
});
