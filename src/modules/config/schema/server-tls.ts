import { optional, prefault, z } from 'zod';
import { hostMatch } from './network.js';
import { integer, list, port, positiveDuration, text } from './scalars.js';

const CERTIFICATES = 'certificates as PEM text, or the path of a PEM file';

const pair = {
  cert: text(CERTIFICATES).describe(
    'Certificate with its chain: PEM text, or the path of a PEM file relative to this file.',
  ),
  key: text('a private key as PEM text, or the path of a PEM file').describe(
    'Private key of `cert`, not encrypted: PEM text, or the path of a PEM file relative to this file.',
  ),
};

const sniSchema = z.strictObject({
  hosts: z
    .array(hostMatch())
    .min(1, 'at least one host')
    .describe(
      'Host names whose clients get this certificate, in which `*.example.com` stands for one or more labels.',
    ),
  ...pair,
});

const redirectSchema = z.strictObject({
  port: port().describe('Port that listens for plain HTTP and redirects to HTTPS with 308.'),
  httpsPort: optional(integer(1, 65_535, 'a port from 1 to 65535')).describe(
    'Port of the HTTPS addresses that clients are redirected to. Without this key it is `server.port`.',
  ),
});

/** TLS of clients. `checks/server-tls.ts` reads the files and checks what the PEM texts hold. */
export const serverTlsSchema = z.strictObject({
  ...pair,
  minVersion: prefault(z.enum(['TLSv1.2', 'TLSv1.3'], 'TLSv1.2 or TLSv1.3'), 'TLSv1.2').describe(
    'Oldest version of TLS that is accepted.',
  ),
  sni: list(sniSchema).describe(
    'Certificates of further hosts. Clients that name another host, or none, get `cert`.',
  ),
  clientCertificates: prefault(
    z.enum(['off', 'optional', 'required'], 'off, optional or required'),
    'off',
  ).describe(
    'Whether clients are asked for a certificate (mutual TLS). `required` closes connections without a valid one; with `optional`, routes decide by their `auth`.',
  ),
  clientCa: optional(text(CERTIFICATES)).describe(
    'CA certificates of the clients: PEM text, or the path of a PEM file relative to this file.',
  ),
  clientCrl: optional(text('revocation lists as PEM text, or the path of a PEM file')).describe(
    'Certificate revocation lists, one of each CA in `clientCa`: PEM text, or the path of a PEM file relative to this file.',
  ),
  handshakeTimeout: positiveDuration('10s').describe(
    'How long a TLS handshake can take. After that the connection is closed.',
  ),
  redirect: optional(redirectSchema).describe('A second port, which redirects plain HTTP to HTTPS.'),
});
