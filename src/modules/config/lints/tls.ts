import { X509Certificate } from 'node:crypto';
import type { GatewayLints } from './gateway.js';

const DAY_MS = 86_400_000;
/** Whoever renews certificates automatically does so earlier. */
const SOON_DAYS = 14;

/** Lints about the certificates of `server.tls`. */
export const TLS_LINTS: GatewayLints = {
  'certificate-validity': ({ server: { tls } }, root, warn) => {
    for (const [i, owner] of [tls, ...(tls?.sni ?? [])].entries()) {
      const message = owner && validityOf(new X509Certificate(owner.cert), Date.now());
      const entry = i === 0 ? [] : ['sni', i - 1];
      if (message !== undefined) warn(root.at('server', 'tls', ...entry, 'cert'), message);
    }
  },
  'certificate-of-other-host': ({ server: { tls } }, root, warn) => {
    for (const [i, { cert, hosts }] of (tls?.sni ?? []).entries())
      for (const [j, host] of hosts.entries()) {
        // A wildcard of ours may stand for several labels, of a certificate for one.
        const name = host.replace(/^\*/, 'any');
        if (new X509Certificate(cert).checkHost(name) === undefined)
          warn(
            root.at('server', 'tls', 'sni', i, 'hosts', j),
            'the certificate has no such name, so clients of this host refuse it',
          );
      }
  },
};

function validityOf({ validFromDate, validToDate }: X509Certificate, now: number): string | undefined {
  const days = Math.floor((validToDate.getTime() - now) / DAY_MS);
  const date = validToDate.toISOString().slice(0, 10);
  if (validToDate.getTime() <= now) return `the certificate expired on ${date}, so clients refuse it`;
  if (validFromDate.getTime() > now)
    return `the certificate is valid only from ${validFromDate.toISOString()} on`;
  return days < SOON_DAYS ? `the certificate expires in ${days} days, on ${date}` : undefined;
}
