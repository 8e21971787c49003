import type { ConnectionOptions } from 'node:tls';
import type { TlsConfig } from './gateway-config.js';

/** @returns what a TLS connection to a target or to Redis is made with; certificates are verified unless told otherwise */
export function tlsOptions(tls: TlsConfig | undefined): ConnectionOptions {
  // Written out, because `NODE_TLS_REJECT_UNAUTHORIZED` in the environment would be the default.
  if (!tls) return { rejectUnauthorized: true };
  const { ca, cert, key, serverName: servername, insecureSkipVerify } = tls;
  const given = Object.entries({ ca, cert, key, servername }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), rejectUnauthorized: !insecureSkipVerify };
}
