/**
 * `JETMON_KEY=... node program.ts <url of openapi.json> <origin of a test site>`: watches the site, breaks and heals it, and
 * tells as one JSON document what it was told meanwhile. Written from the document of the API alone; imports nothing of
 * the project. Ends with 1 where it was refused, or a reply broke the document.
 */
import { type Api, type Json, type Message, openApi } from './api.ts';

const PATIENCE_MS = 60_000;
const POLL_EVERY_MS = 100;

async function main(documentUrl: string, origin: string, key: string): Promise<object> {
  const api = await openApi(documentUrl, key);
  const { consumer_name } = await api.call('getMe');
  const { id: site_id } = await api.call('createSite', {
    body: { monitor_url: `${origin}/site/shop`, check_interval_seconds: 1, timeout_seconds: 2 },
  });
  const params = { site_id };
  await untilSite(api, site_id, 'Up');

  const leaving = new AbortController();
  const heard = watchStates(await api.follow('stream', leaving.signal), site_id);
  await fetch(`${origin}/failure?site=shop&mode=http-500`, { method: 'POST' });
  const broken = await heard.until('Down');
  const { active_events } = await api.call('getSite', { params });
  await fetch(`${origin}/failure?site=shop`, { method: 'DELETE' });
  const healed = await heard.until('Up');
  leaving.abort();

  const [event] = (await api.call('listSiteEvents', { params, query: { check_type: 'http' } })).data;
  const detail = await api.call('getSiteEvent', { params: { site_id, event_id: event.id } });
  const incidents = await api.call('listSiteIncidents', { params, query: { window: '1h' } });
  const uptime = await api.call('getSiteUptime', { params, query: { window: '1h' } });

  await api.call('deleteSite', { params });
  const removed = await api.call('getSite', { params });
  return {
    consumer_name,
    site_id,
    states: [...broken, ...healed],
    open_while_down: active_events.length,
    steps: detail.transitions.map((step: Json) => step.state_after),
    incidents: incidents.data.length,
    incident_count: uptime.incident_count,
    uptime_percent: uptime.uptime_percent,
    removed: removed.removed_at !== null,
    judged: api.judged(),
  };
}

/** Polls, as whoever follows no stream does. */
async function untilSite(api: Api, site_id: number, state: string): Promise<void> {
  for (const giveUpAtMs = Date.now() + PATIENCE_MS; ; ) {
    const { current_state } = await api.call('getSite', { params: { site_id } });
    if (current_state === state) return;
    if (Date.now() > giveUpAtMs) throw new Error(`the site is ${current_state}, and not ${state}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
  }
}

/** The states of one site, as transitions tell of them. */
function watchStates(messages: AsyncGenerator<Message, void>, siteId: number) {
  let last = 'Up';
  return {
    /** Every state from here to `wanted`. */
    async until(wanted: string): Promise<string[]> {
      const seen: string[] = [];
      while (last !== wanted) {
        const { value, done } = await messages.next();
        if (done === true) throw new Error(`the stream ended before the site was ${wanted}`);
        if (value.event !== 'transition' || value.data.site_id !== siteId || value.data.site_state === last) continue;
        last = value.data.site_state;
        seen.push(last);
      }
      return seen;
    },
  };
}

const [documentUrl = '', origin = ''] = process.argv.slice(2);
// Neither a stream nor a site that says nothing keeps it for ever.
setTimeout(() => process.exit(1), 3 * PATIENCE_MS).unref();
process.stdout.write(`${JSON.stringify(await main(documentUrl, origin, process.env['JETMON_KEY'] ?? ''))}\n`);
