import { X509Certificate } from 'node:crypto';
import type { GatewayConfig } from '../gateway-config.js';
import type { ConfigValue } from '../source/config-value.js';
import type { Finding } from './gateway.js';

const DAY_MS = 86_400_000;
/** Whoever renews certificates automatically does so earlier. */
const SOON_DAYS = 14;

/** Lints about the certificates of `server.tls`. */
export const TLS_LINTS: Readonly<
  Record<string, (config: GatewayConfig, root: ConfigValue) => readonly Finding[]>
> = {
  'certificate-validity': (config, root) =>
    certificatesOf(config, root).flatMap(({ place, certificate }) => {
      const message = validityOf(certificate, Date.now());
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

function certificatesOf({ server: { tls } }: GatewayConfig, root: ConfigValue) {
  if (!tls) return [];
  const place = root.at('server', 'tls');
  return [
    { place: place.at('cert'), certificate: new X509Certificate(tls.cert) },
    ...tls.sni.map(({ cert }, i) => ({
      place: place.at('sni', i, 'cert'),
      certificate: new X509Certificate(cert),
    })),
  ];
}

function validityOf({ validFromDate, validToDate }: X509Certificate, now: number): string | undefined {
  const days = Math.floor((validToDate.getTime() - now) / DAY_MS);
  const date = validToDate.toISOString().slice(0, 10);
  if (validToDate.getTime() <= now) return `the certificate expired on ${date}, so clients refuse it`;
  if (validFromDate.getTime() > now)
    return `the certificate is valid only from ${validFromDate.toISOString()} on`;
  return days < SOON_DAYS ? `the certificate expires in ${days} days, on ${date}` : undefined;
}
