/** Everything the http check can find. Reasons are public and stable; sentences are for people. */
import type { FailureShape } from '../../domain/verdict.ts';
import type { Finding } from '../check.ts';

function failing(
  taxonomy: readonly string[],
  sentence: string,
  advice: string,
  shape: FailureShape = 'answered',
): Finding {
  return { taxonomy, state: 'Seems Down', sentence, advice, shape };
}

/** Trouble that may be ours, or that cannot be told from ours: never downtime (spec/01 section 2.1). */
function unknown(taxonomy: readonly string[], sentence: string, advice: string): Finding {
  return { taxonomy, state: 'Unknown', sentence, advice };
}

/** Unknown, and asking again before the interval would not help or would be the very trouble. */
function unknownUntilNextRound(taxonomy: readonly string[], sentence: string, advice: string): Finding {
  return { ...unknown(taxonomy, sentence, advice), followUp: 'interval' };
}

export const HTTP_FINDINGS = {
  ok: { taxonomy: [], state: 'Up', sentence: 'answered {code}{took}', advice: '' },

  dns_nxdomain: failing(
    ['L1.DNS.NXDOMAIN'],
    'the name {host} does not exist',
    'Check the spelling, the registration of the domain, and its DNS records.',
    'name',
  ),
  dns_no_address: failing(
    ['L1.CFG.NO_A'],
    'the name {host} exists but has no address',
    'Add an A or AAAA record for this name.',
    'name',
  ),
  dns_servfail: unknown(
    ['L1.DNS.SERVFAIL'],
    'the resolver could not find out the address of {host} (server failure)',
    'If it lasts, check the name servers and DNSSEC of the domain.',
  ),
  dns_refused: unknown(
    ['L1.DNS.REFUSED'],
    'the resolver refused to answer for {host}',
    'Check the resolver of this machine, or set CHECK_DNS_RESOLVERS.',
  ),
  dns_timeout: unknown(
    ['L1.DNS.NS_TIMEOUT'],
    'the resolver {resolver} had no answer for {host} in time, though it answers others',
    'If it lasts, check the name servers of the domain.',
  ),
  dns_no_resolver: unknown(
    [],
    'no resolver answers: {resolver}',
    'Check the network of this machine and these resolvers; CHECK_DNS_RESOLVERS can name others.',
  ),
  dns_failed: unknown(
    [],
    'looking up {host} failed ({code})',
    'Check the resolver of this machine, or set CHECK_DNS_RESOLVERS.',
  ),

  tcp_refused: failing(
    ['L2.TCP.REFUSED'],
    'nothing listens on {address} port {port}: the connection was refused',
    'Start the web server, or check the port and the firewall.',
    'refused',
  ),
  tcp_reset: failing(
    ['L2.TCP.RESET'],
    'the connection to {address} was reset',
    'Check the firewall or load balancer in front of the server.',
    'refused',
  ),
  tcp_timeout: failing(
    ['L2.TCP.TIMEOUT', 'L1.NET.V4_UNREACH'],
    'no answer from {address} port {port}: connecting timed out after {seconds} s',
    'Check that the server is running and that a firewall does not drop packets.',
    'silent',
  ),
  tcp_unreachable: failing(
    ['L1.NET.V4_UNREACH'],
    'the host {address} cannot be reached ({code})',
    'Check the network and routing of the server.',
    'silent',
  ),
  tcp_failed: failing(
    [],
    'connecting to {address} port {port} failed ({code})',
    'Check the network and the firewall of the server.',
    'silent',
  ),

  tls_expired: failing(
    ['L2.CERT.EXPIRED'],
    'the certificate expired on {not_after}',
    'Renew the certificate and reload the web server.',
  ),
  tls_not_yet_valid: failing(
    ['L2.CERT.NOT_YET'],
    'the certificate is not valid before {not_before}',
    'Check the clock of the server and the dates of the certificate.',
  ),
  tls_wrong_host: failing(
    ['L2.CERT.HOSTNAME'],
    'the certificate is for {names}, not for {host}',
    'Install a certificate that covers this name.',
  ),
  tls_self_signed: failing(
    ['L2.CERT.SELF_SIGNED'],
    'the certificate is self-signed',
    'Install a certificate from a public authority, or add your own with CHECK_CA_FILE.',
  ),
  tls_untrusted: failing(
    ['L2.CERT.UNTRUSTED', 'L2.CERT.CHAIN'],
    'the certificate cannot be traced to a trusted authority ({code})',
    'Serve the whole chain with its intermediates, or add your own authority with CHECK_CA_FILE.',
  ),
  tls_timeout: failing(
    ['L2.TLS.FAIL'],
    'the TLS handshake with {address} did not finish within {seconds} s',
    'Check the load of the server and what terminates TLS.',
    'silent',
  ),
  tls_not_spoken: failing(
    ['L2.TLS.FAIL'],
    '{address} port {port} does not speak TLS',
    'Use http:// for this port, or switch TLS on there.',
  ),
  tls_failed: failing(
    ['L2.TLS.FAIL', 'L2.TLS.VERSION', 'L2.TLS.CIPHER'],
    'TLS with {address} failed ({code})',
    'Check the TLS settings of the server: versions, ciphers, certificate files, whether visitors need a certificate.',
  ),

  http_timeout: failing(
    ['L4.CONN.HANG', 'L4.CONN.TIMEOUT'],
    'connected to {address}, but no reply came within {seconds} s',
    'Check the application behind the web server: it accepts connections and does not answer.',
    'silent',
  ),
  http_no_reply: failing(
    ['L4.CONN.HANG'],
    'the server closed the connection without a reply ({code})',
    'Check the logs of the web server: it drops requests.',
    'refused',
  ),
  http_malformed: failing(
    ['L4.CONN.FRAMING'],
    'the reply is not valid HTTP ({code})',
    'Check what listens on this port, and any proxy in between.',
  ),
  http_server_error: failing(
    ['L4.STATUS.5XX', 'L3.LB.DOWN', 'L3.CDN.OWN_ERROR'],
    'the server answered {code}',
    'Check the logs of the application.',
  ),
  http_client_error: failing(['L4.STATUS.4XX'], 'the server answered {code}', 'Check that this URL still exists.'),
  http_forbidden: failing(
    ['L4.STATUS.AUTH', 'L3.WAF.BLOCKED'],
    'the server answered {code}: access denied',
    'Let the monitor through the firewall, or watch a public URL.',
  ),
  http_rate_limited: unknownUntilNextRound(
    ['L3.WAF.RATELIMIT'],
    'the server answered 429: it limits how often we may ask',
    'Check less often, or let the monitor through the rate limit.',
  ),

  unexpected_status: failing(
    [],
    'the server answered {code}; {expected} is expected',
    'Check what answers at this URL, or correct the expected status of the endpoint.',
  ),

  redirect_loop: failing(
    ['L4.REDIR.LOOP'],
    'the redirects go in a circle, back to {location}',
    'Break the circle of redirects.',
  ),
  redirect_too_many: failing(
    ['L4.REDIR.LONG'],
    'more than {limit} redirects, the last to {location}',
    'Point the first URL straight at the last.',
  ),
  redirect_bad_location: failing(
    [],
    'the redirect does not lead to one web address: {location}',
    'Correct the Location header.',
  ),

  redirect_no_location: failing(
    [],
    'the server answered with a redirect that names no place to go',
    'Send a Location header with every redirect.',
  ),
  redirect_forbidden: failing(
    [],
    'the page redirects to {location}, and this endpoint may not redirect',
    'Remove the redirect, or allow it with the redirect policy `follow`.',
  ),

  keyword_missing: failing(
    ['L5.COMP.CANARY'],
    'the page does not hold the text "{keyword}"',
    'Look at the page: it is another one, or it changed. If it is right, change the keyword.',
  ),
  keyword_forbidden: failing(
    [],
    'the page holds the forbidden text "{forbidden}"',
    'Look at the page: it shows what it must not. If it is right, change the forbidden keywords.',
  ),
  keyword_timeout: failing(
    [],
    'the page did not arrive in the time that its search may take; {bytes} bytes came',
    'Check the load of the server, or raise KEYWORD_READ_MAX_MS.',
    'silent',
  ),
  keyword_not_reached: unknownUntilNextRound(
    [],
    'the text "{keyword}" is not in the first {searched} bytes of the page, and the rest is not searched',
    'Choose a text nearer to the start of the page, or raise KEYWORD_READ_MAX_BYTES.',
  ),
  keyword_unreadable: unknownUntilNextRound(
    [],
    'the page cannot be searched: its encoding is {encoding}, and it was asked for as gzip or plain text',
    'Let the server heed Accept-Encoding.',
  ),

  body_truncated: failing(
    ['L4.CONN.TRUNCATED'],
    'the page broke off after {bytes} bytes',
    'Check the application and any proxy in between: replies end early.',
  ),
  body_timeout: failing(
    ['L4.CONN.TIMEOUT'],
    'the page did not arrive whole within {seconds} s; {bytes} bytes came',
    'Check the load and the bandwidth of the server.',
    'silent',
  ),
  body_malformed: failing(
    ['L4.CONN.FRAMING'],
    'the page is framed wrongly ({code})',
    'Check the application and any proxy in between.',
  ),

  egress_refused: unknownUntilNextRound(
    [],
    'the monitor does not go to {host}: {why}',
    'If you mean it, list `address` or `address:port` in EGRESS_ALLOW; check --allow-private opens private addresses.',
  ),
  egress_port_refused: unknownUntilNextRound(
    [],
    'the monitor does not go to port {port} of {host}: {why}',
    'If you mean it, list `address:port` in EGRESS_ALLOW.',
  ),
  egress_forbidden: unknownUntilNextRound(
    [],
    'the monitor never goes to {host}: {why}',
    'Watch another address; this one cannot be opened.',
  ),
  monitor_network: unknown(
    [],
    'this machine has no route to {host} ({code})',
    'Check the network of the machine that runs the monitor.',
  ),
  monitor_resources: unknown(
    [],
    'this machine ran out of sockets or memory for the probe ({code})',
    'Raise the limit of open files, or watch fewer sites from this machine.',
  ),
  monitor_busy: unknown(
    [],
    'too many probes of the network of {host} wait for their turn',
    'Raise PROBES_PER_HOST and PROBES_PER_NETWORK if these machines are yours, or check less often.',
  ),
  monitor_stalled: unknown(
    [],
    'this machine paused for {ms} ms during the probe: its timing proves nothing',
    'Give the machine that runs the monitor more CPU, and keep it from being suspended.',
  ),
  prober_failed: unknown([], 'the probe itself failed ({code})', 'This is a fault of the monitor; please report it.'),
} as const satisfies Record<string, Finding>;

export type HttpReason = keyof typeof HTTP_FINDINGS;
