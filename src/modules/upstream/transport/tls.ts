import type { ConnectionOptions } from 'node:tls';
import type { UpstreamTlsConfig } from '../../config/gateway-config.js';

/** @returns what a TLS connection to a target is made with; certificates are verified unless told otherwise */
export function tlsOptions(tls: UpstreamTlsConfig | undefined): ConnectionOptions {
  // Written out, because `NODE_TLS_REJECT_UNAUTHORIZED` in the environment would be the default.
  if (!tls) return { rejectUnauthorized: true };
  const { ca, cert, key, serverName: servername, insecureSkipVerify } = tls;
  const given = Object.entries({ ca, cert, key, servername }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), rejectUnauthorized: !insecureSkipVerify };
}
