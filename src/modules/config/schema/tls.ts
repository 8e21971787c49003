import { z } from 'zod';
import { serverName } from './network.js';
import { boolean, text } from './scalars.js';

const CERTIFICATES = 'certificates as PEM text, also from a file with ${file:...}';

/** How `https` targets are spoken to. What the PEM texts hold is checked in `checks/upstream-tls.ts`. */
export const tlsSchema = z.strictObject({
  ca: text(CERTIFICATES)
    .optional()
    .describe(
      'Certificates that sign those of the targets: PEM text or `${file:...}`. Default: what Node trusts.',
    ),
  cert: text(CERTIFICATES)
    .optional()
    .describe('Certificate that the gateway shows (mutual TLS), with its chain: PEM text or `${file:...}`.'),
  key: text('a private key as PEM text, also from a file with ${file:...}')
    .optional()
    .describe('Private key of `cert`, not encrypted: PEM text or `${file:...}`.'),
  serverName: serverName()
    .optional()
    .describe(
      'Name that is asked for (SNI) and must be in the certificate. Default: the host of the target.',
    ),
  insecureSkipVerify: boolean()
    .prefault(false)
    .describe('Whether any certificate is accepted, a forged one too. For tests only. Default false.'),
});
