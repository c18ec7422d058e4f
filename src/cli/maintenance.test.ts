import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/store.ts';
import type { Terminal } from './command.ts';
import { define as defineMaintenance } from './maintenance.ts';
import { timingIn } from './maintenance-options.ts';
import { define as defineSites } from './sites.ts';

/** The commands on a data folder of its own, where no server runs, with two sites. */
async function commands() {
  let said = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      said += String(chunk);
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const env = { JETMON_DATA_DIR: join(temporaryFolder(), 'data') };
  const terminal: Terminal = { out, err: out, stdin: process.stdin, env, setExitCode() {} };
  const runner =
    (define: typeof defineSites) =>
    async (...words: string[]): Promise<string> => {
      said = '';
      const command = new Command('command').exitOverride();
      define(command, terminal);
      await command.parseAsync(words, { from: 'user' });
      return said;
    };
  await runner(defineSites)('add', 'a.example', 'b.example');
  const run = runner(defineMaintenance);
  return { run, json: async (...words: string[]) => JSON.parse(await run(...words, '--json')) };
}

describe('jetmon2 maintenance', () => {
  it('starts, tells of and stops what is on', async () => {
    const { run, json } = await commands();
    expect(await run('list')).toMatch(/^No maintenance is planned/);
    expect(await run('start', '1', '--for', '30m', '--note', 'release 42')).toMatch(
      /^site 1 is in maintenance until \d{4}-/,
    );
    expect(await json('list', '--status', 'active')).toMatchObject({
      data: [{ id: 1, site_id: 1, title: 'release 42', duration_seconds: 1_800 }],
    });
    expect(await run('list')).toMatch(/^WINDOW +SITE +STATE +FROM +TO +EVERY +TITLE\n1 +1 /);
    expect(await run('stop', '1')).toBe('maintenance of site 1 is stopped\n');
    expect(await json('stop', '1')).toEqual({ site_id: 1, ended: [], is_active: false });
  });

  it('plans what comes again, for sites or for all, and takes it back', async () => {
    const { run, json } = await commands();
    const weekly = ['--every', 'week', '--on', 'mon,tue', '--at', '02:00', '--for', '1h', '--zone', 'Europe/Berlin'];
    expect(await run('add', '1', '2', ...weekly)).toMatch(
      /^window 1: site 1, every week on mon,tue at 02:00 Europe\/Berlin for 1 h, .*\nwindow 2: site 2, /,
    );
    const once = await json('add', '--all', '--from', '2100-05-01', '--to', '2100-05-01T03:00', '--title', 'Disks');
    expect(once.data).toMatchObject([{ id: 3, site_id: null, start: '2100-05-01T00:00:00.000Z', title: 'Disks' }]);
    expect(await run('remove', '1')).toBe('window 1 is removed\n');
    expect((await json('list', '--site', '1')).data.map(({ id }: { id: number }) => id)).toEqual([3]);
  });

  it.each([
    [['start', 'x'], '"x" is not the number of a site'],
    [['start', '1', '--for', '30s'], '--for 30s is not a span of whole minutes'],
    [['start', '9'], 'there is no site 9'],
    [['remove', 'x'], '"x" is not the number of a window'],
    [['remove', '9'], 'there is no maintenance window 9'],
    [['list', '--status', 'soon'], '--status soon is not known'],
    [['add', '--from', '2100-05-01', '--for', '1h'], 'it is not clear for which sites'],
    [['add', '1', '--from', '2020-05-01', '--for', '1h'], 'the window would be over already'],
  ])('refuses %j', async (words, message) => {
    const { run } = await commands();
    await expect(run(...words)).rejects.toMatchObject({ message });
  });
});

describe('when maintenance is', () => {
  const nowMs = Date.UTC(2026, 4, 1, 23);
  const timing = (options: object) => timingIn({ zone: 'Europe/Berlin', ...options }, nowMs);

  it('is read from the options', () => {
    expect(timing({ for: '90m' })).toEqual({
      ...{ start: '2026-05-01T23:00:00.000Z', duration_minutes: 90, time_zone: 'Europe/Berlin' },
    });
    expect(timing({ from: '2026-06-01 22:00', to: '2026-06-02' })).toMatchObject({
      ...{ start: '2026-06-01T22:00', end: '2026-06-02T00:00' },
    });
    // It is tomorrow in Berlin.
    expect(timing({ every: '2 weeks', on: 'Monday,sun', at: '02:00', for: '1h' })).toMatchObject({
      start: '2026-05-02T02:00',
      recurrence: { frequency: 'weekly', interval: 2, days: ['mon', 'sun'] },
    });
    expect(
      timing({ every: 'month', on: '31', at: '02:00', from: '2026-06-01', for: '1h', until: '2027-01-01' }),
    ).toMatchObject({
      start: '2026-06-01T02:00',
      recurrence: { frequency: 'monthly', interval: 1, day_of_month: 31, until: '2027-01-01T00:00' },
    });
  });

  it.each([
    [{ zone: 'Berlin' }, '--zone Berlin is no time zone'],
    [{ at: '02:00' }, '--at is for maintenance that comes again'],
    [{ every: 'hour', at: '02:00' }, '--every hour is not how often'],
    [{ every: 'day' }, 'it is not said at what time of the day it begins'],
    [{ every: 'day', at: '2' }, '--at 2 is not a time of the day'],
    [{ every: 'day', at: '02:00', from: 'today' }, '--from today is not a day'],
    [{ every: 'day', at: '02:00', to: '2026-06-01' }, '--to is for maintenance that comes once'],
    [{ every: 'day', at: '02:00', on: 'mon' }, '--on mon does not go with --every day'],
    [{ every: 'week', at: '02:00', on: 'mon,someday' }, '--on mon,someday does not go with --every week'],
  ])('is refused where it makes no sense: %j', (options, message) => {
    expect(() => timing(options)).toThrow(message);
  });
});
