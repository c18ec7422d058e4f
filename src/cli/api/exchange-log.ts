/** What `--verbose` says of each request and reply, on standard error: never a secret, and nothing that could forge a line. */
import { CREDENTIALS, type GuardOptions } from '../../client/guarded-fetch.ts';

export function exchangeLog(say: (line: string) => void): NonNullable<GuardOptions['watch']> {
  return {
    onRequest(method, target, headers) {
      say(`> ${method} ${target.href}`);
      sayHeaders('>', headers, say);
    },
    onReply(reply) {
      say(`< ${reply.status} ${reply.statusText}`.trimEnd());
      sayHeaders('<', reply.headers, say);
    },
  };
}

function sayHeaders(mark: string, headers: Headers, say: (line: string) => void): void {
  for (const [name, value] of headers) say(`${mark} ${name}: ${CREDENTIALS.has(name) ? '[redacted]' : value}`);
}
