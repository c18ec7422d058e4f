/**
 * Records the terminal example of the README: the real command against a loopback site that bears a name, one healthy
 * visit with a redirect and one failing visit. Run it again whenever the output changes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '../test/kit/certificates.ts';
import { startDnsServer } from '../test/kit/dns-server.ts';
import { startSite } from '../test/kit/site.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const HTTPS_PORT = 8443;
const NAME = 'shop.example';

const folder = mkdtempSync(join(tmpdir(), 'jetmon-example-'));
const authority = await createAuthority('Example CA');
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, authority.caPem);
const secure = await startSite({
  port: HTTPS_PORT,
  identity: await authority.issue({ names: [NAME, `www.${NAME}`] }),
  behaviour: { kind: 'delay', ms: 20 },
});
const plain = await startSite({
  port: 8080,
  behaviour: { kind: 'redirect_to', location: `https://${NAME}:${HTTPS_PORT}/` },
});
const lapsed = await startSite({
  port: 8444,
  identity: await authority.issue({
    names: [`old.${NAME}`],
    notBefore: new Date(Date.now() - 90 * 86_400_000),
    notAfter: new Date(Date.now() - 3 * 86_400_000),
  }),
});
const dns = await startDnsServer();
dns.answer(NAME, ['127.0.0.1'], 'A');
dns.answer(`old.${NAME}`, ['127.0.0.1'], 'A');

try {
  const urls = [`http://${NAME}:8080`, `https://old.${NAME}:8444`];
  // The first run fills caches, so that the recorded one shows what a second try shows.
  await check(urls);
  const text = (await check(urls)).trimEnd();
  const block = ['```console', `$ bin/jetmon2 check ${urls.join(' ')}`, text, '```'].join('\n');
  const path = join(root, 'README.md');
  const readme = readFileSync(path, 'utf8');
  const marked = /(<!-- recorded:check -->\n)[\s\S]*?(<!-- \/recorded:check -->)/;
  writeFileSync(
    path,
    readme.replace(marked, (_, open: string, close: string) => `${open}${block}\n${close}`),
  );
} finally {
  await Promise.all([secure.stop(), plain.stop(), lapsed.stop(), dns.stop()]);
  rmSync(folder, { recursive: true, force: true });
}

function check(urls: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    CHECK_DNS_RESOLVERS: dns.address,
    CHECK_CA_FILE: caFile,
    EGRESS_ALLOW: '127.0.0.0/8',
    NO_COLOR: '1',
  };
  const child = spawn(process.execPath, [join(root, 'bin/jetmon2'), 'check', ...urls], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
    });
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}
