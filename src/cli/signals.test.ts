import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { silentLog } from '../telemetry/log.ts';
import { listenToSignals, terminalWatch } from './signals.ts';

function fixture({ isTerminalGone = (): boolean => false } = {}) {
  const source = new EventEmitter();
  const clock = createFakeClock();
  const happened: string[] = [];
  const signals = listenToSignals({
    source,
    clock,
    log: silentLog,
    kill: () => void happened.push('killed'),
    isTerminalGone,
  });
  const reload = () => void happened.push('reloaded');
  const whenStopped = () => {
    void signals.stopWish().then(() => happened.push('stopping'));
  };
  /** Lets what was resolved be told. */
  const told = async () => {
    await Promise.resolve();
    return happened;
  };
  return { source, clock, signals, reload, whenStopped, told };
}

describe('a wish to end', () => {
  it('is one wish, however many copies come with it, and a second wish ends at once', async () => {
    const { source, clock, whenStopped, told } = fixture();
    whenStopped();
    source.emit('SIGINT');
    source.emit('SIGINT');
    source.emit('SIGTERM');
    expect(await told()).toEqual(['stopping']);
    clock.advance(1_001);
    source.emit('SIGINT');
    expect(await told()).toEqual(['stopping', 'killed']);
  });

  it('is carried out after 30 s even when the end hangs, and not once it is over', async () => {
    for (const isOver of [false, true]) {
      const { source, clock, signals, whenStopped, told } = fixture();
      whenStopped();
      source.emit('SIGTERM');
      clock.advance(29_999);
      expect(await told()).toEqual(['stopping']);
      if (isOver) signals.close();
      clock.advance(1);
      expect(await told()).toEqual(isOver ? ['stopping'] : ['stopping', 'killed']);
    }
  });

  it('before the server listens to it is left to the system', () => {
    expect(fixture().source.listenerCount('SIGTERM')).toBe(0);
  });
});

describe('a hang-up', () => {
  it('reads the configuration again, a storm of them twice', async () => {
    const { source, clock, signals, reload, told } = fixture();
    signals.onReload(reload);
    for (let copy = 0; copy < 1_000; copy += 1) source.emit('SIGHUP');
    expect(await told()).toEqual(['reloaded']);
    clock.advance(250);
    expect(await told()).toEqual(['reloaded', 'reloaded']);
    clock.advance(10_000);
    expect(await told()).toHaveLength(2);
    source.emit('SIGHUP');
    expect(await told()).toHaveLength(3);
  });

  it('during the start is made up for', async () => {
    const { source, signals, reload, told } = fixture();
    source.emit('SIGHUP');
    expect(await told()).toEqual([]);
    signals.onReload(reload);
    expect(await told()).toEqual(['reloaded']);
  });

  it('of a terminal that is gone is a wish to end', async () => {
    const { source, signals, reload, whenStopped, told } = fixture({ isTerminalGone: () => true });
    signals.onReload(reload);
    whenStopped();
    source.emit('SIGHUP');
    expect(await told()).toEqual(['stopping']);
  });
});

it('only a program that was started on a terminal can lose it', () => {
  expect(terminalWatch(true, () => false)()).toBe(true);
  expect(terminalWatch(true, () => true)()).toBe(false);
  expect(terminalWatch(false, () => false)()).toBe(false);
});
