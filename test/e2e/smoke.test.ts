/** A walk through a real server, with a site of its own that is gone afterwards, whatever happens. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { startTestSite } from '../../src/testsite/testsite.ts';
import { eventually } from '../kit/eventually.ts';
import { run, type Server, serverForTest, startProgram, temporaryPlace } from '../kit/program.ts';

const STEPS = ['health', 'me', 'create_site', 'trigger_now', 'events', 'cleanup'];

async function bench(env: Record<string, string> = {}) {
  const { folder } = temporaryPlace();
  const server = await serverForTest({ folder, env });
  const options = { host: '127.0.0.1', port: 0, tlsPort: null, webhookSecret: null, nowMs: Date.now };
  const site = await startTestSite(options);
  onTestFinished(site.stop);
  return { folder, server, http: site.http };
}

async function sitesOf({ client }: Server) {
  const sites: { id: unknown; removed_at: string | null }[] = [];
  for await (const site of client.sites.list()) sites.push(site);
  return sites;
}

/** Each command is a process of its own, and the machine may be busy. */
const TIMEOUT_MS = 300_000;

describe('smoke', { timeout: TIMEOUT_MS }, () => {
  it('names each step with its time, and leaves nothing behind', async () => {
    const { folder, server, http } = await bench();
    const { code, out, err } = await run(['smoke', '--fixture-url', http], { folder });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of STEPS) expect(out).toMatch(new RegExp(`^✔ ${name} +\\d+ ms {2}\\S`, 'm'));
    expect(out).toContain('answered 200');
    expect(await sitesOf(server)).toMatchObject([{ removed_at: expect.any(String) }]);
    const again = await run(['api', 'smoke', '--fixture-url', http, '--json'], { folder });
    const document = JSON.parse(again.out);
    expect(document).toMatchObject({ ok: true, batch: 'smoke', url: `${http}/ok`, undo: null });
    expect(document.steps.map((step: { name: string; status: string }) => [step.name, step.status])).toEqual(
      STEPS.map((name) => [name, 'ok']),
    );
    expect(await sitesOf(server)).toHaveLength(1);
  });

  it('cleans up after a step that fails, and says which and why', async () => {
    const { folder, server, http } = await bench();
    const { code, out } = await run(['smoke', '--url', `${http}/status/500`], { folder });
    expect(code).toBe(1);
    expect(out).toMatch(/^✘ trigger_now .+Seems Down, the server answered 500/m);
    expect(out).toMatch(/^- events +skipped$/m);
    expect(out).toMatch(/^✔ cleanup/m);
    expect(await sitesOf(server)).toMatchObject([{ removed_at: expect.any(String) }]);
  });

  it('keeps the site where that is wanted, and says how to remove it', async () => {
    const { folder, server, http } = await bench();
    const { out } = await run(['smoke', '--fixture-url', http, '--no-cleanup'], { folder });
    expect(out).toContain('jetmon2 api sites cleanup --batch smoke');
    expect(await sitesOf(server)).toMatchObject([{ removed_at: null }]);
  });

  it('neither uses nor removes a site that is not of its batch', async () => {
    const { folder, server, http } = await bench();
    const { id } = await server.client.sites.create({ monitor_url: `${http}/ok` });
    const { code, out } = await run(['smoke', '--fixture-url', http, '--blog-id', String(id)], { folder });
    expect(code).toBe(1);
    expect(out).toMatch(/^✘ create_site .+so it is left alone/m);
    expect(out).toMatch(/^✔ cleanup .+there is nothing to remove/m);
    expect(await sitesOf(server)).toMatchObject([{ removed_at: null }]);
  });

  it('cleans up on Ctrl-C, too', async () => {
    const { folder, server, http } = await bench();
    const smoke = startProgram(['smoke', '--url', `${http}/slow?delay=30s`], { folder });
    await eventually('the site is there', async () => (await sitesOf(server)).length === 1);
    smoke.signal('SIGINT');
    const { code, out } = await smoke.finished;
    expect(code).toBe(1);
    expect(out).toMatch(/^✘ (create_site|trigger_now) |^- trigger_now/m);
    expect(out).toMatch(/^✔ cleanup .+is removed$/m);
    expect(await sitesOf(server)).toMatchObject([{ removed_at: expect.any(String) }]);
  });
});
