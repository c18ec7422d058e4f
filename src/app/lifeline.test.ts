import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { watchLifeline, watchNpm } from './lifeline.ts';

function channel(connected = true) {
  const unref = vi.fn();
  return Object.assign(new EventEmitter(), { connected, channel: { unref } });
}

describe('the lifeline', () => {
  it('ends the process when the launcher goes', () => {
    const source = channel();
    const onEnd = vi.fn();
    expect(watchLifeline({ JETMON_LIFELINE: '1' }, onEnd, source)).toBe(true);
    expect(onEnd).not.toHaveBeenCalled();
    source.emit('disconnect');
    expect(onEnd).toHaveBeenCalledOnce();
  });

  it('ends it when the launcher was gone before anybody looked', async () => {
    const onEnd = vi.fn();
    watchLifeline({ JETMON_LIFELINE: '1' }, onEnd, channel(false));
    await Promise.resolve();
    expect(onEnd).toHaveBeenCalledOnce();
  });

  it('does not keep a finished command alive', () => {
    const source = channel();
    watchLifeline({ JETMON_LIFELINE: '1' }, vi.fn(), source);
    expect(source.channel.unref).toHaveBeenCalledOnce();
  });

  it('leaves a process alone that was started without a launcher, whatever channel it has', () => {
    const source = channel();
    const onEnd = vi.fn();
    expect(watchLifeline({}, onEnd, source)).toBe(false);
    source.emit('disconnect');
    expect(onEnd).not.toHaveBeenCalled();
  });

  it('takes its mark out of the environment, so that children do not watch a channel they lack', () => {
    const env = { JETMON_LIFELINE: '1', OTHER: 'stays' };
    watchLifeline(env, vi.fn(), channel());
    expect(env).toEqual({ OTHER: 'stays' });
  });
});

describe('a program that npm started', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  function watched(env: NodeJS.ProcessEnv) {
    vi.useFakeTimers();
    const shell = { pid: 100 };
    const onEnd = vi.fn();
    watchNpm(env, onEnd, () => shell.pid);
    return { shell, onEnd };
  }

  it('ends once the shell between npm and itself is gone, whoever inherited it', () => {
    const { shell, onEnd } = watched({ npm_lifecycle_event: 'start' });
    vi.advanceTimersByTime(5_000);
    expect(onEnd).not.toHaveBeenCalled();
    shell.pid = 1;
    vi.advanceTimersByTime(5_000);
    expect(onEnd).toHaveBeenCalledOnce();
  });

  it('is left to its launcher when there is one, and a program without npm outlives its shell', () => {
    for (const env of [{ npm_lifecycle_event: 'start', JETMON_LIFELINE: '1' }, {}]) {
      const { shell, onEnd } = watched(env);
      shell.pid = 1;
      vi.advanceTimersByTime(5_000);
      expect(onEnd).not.toHaveBeenCalled();
    }
  });
});
