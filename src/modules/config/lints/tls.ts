import { X509Certificate } from 'node:crypto';
import type { GatewayLints } from './gateway.js';

const DAY_MS = 86_400_000;
/** Whoever renews certificates automatically does so earlier. */
const SOON_DAYS = 14;

/** Lints about the certificates of `server.tls`. */
export const TLS_LINTS: GatewayLints = {
  'certificate-validity': ({ server: { tls } }, root) =>
    [tls, ...(tls?.sni ?? [])].flatMap((owner, i) => {
      const message = owner && validityOf(new X509Certificate(owner.cert), Date.now());
      const place = root.at('server', 'tls', ...(i === 0 ? [] : ['sni', i - 1]), 'cert');
      return message === undefined ? [] : [{ place, message }];
    }),
  'certificate-of-other-host': ({ server: { tls } }, root) =>
    (tls?.sni ?? []).flatMap(({ cert, hosts }, i) =>
      hosts.flatMap((host, j) => {
        const place = root.at('server', 'tls', 'sni', i, 'hosts', j);
        const message = 'the certificate has no such name, so clients of this host refuse it';
        // A wildcard of ours may stand for several labels, of a certificate for one.
        const name = host.replace(/^\*/, 'any');
        return new X509Certificate(cert).checkHost(name) === undefined ? [{ place, message }] : [];
      }),
    ),
};

function validityOf({ validFromDate, validToDate }: X509Certificate, now: number): string | undefined {
  const days = Math.floor((validToDate.getTime() - now) / DAY_MS);
  const date = validToDate.toISOString().slice(0, 10);
  if (validToDate.getTime() <= now) return `the certificate expired on ${date}, so clients refuse it`;
  if (validFromDate.getTime() > now)
    return `the certificate is valid only from ${validFromDate.toISOString()} on`;
  return days < SOON_DAYS ? `the certificate expires in ${days} days, on ${date}` : undefined;
}
