import { generateKeyPairSync } from 'node:crypto';
import { basename } from 'node:path';
import type { Sources } from '../../src/modules/config/source/substitute.js';
import { Authority } from '../support/certificates.js';

const authority = Authority.create();
const { cert, key } = authority.issue('DNS:api.example.com');
const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const pem = publicKey.export({ type: 'spki', format: 'pem' });

const files: Readonly<Record<string, string>> = { 'ca.pem': authority.ca, 'tls.crt': cert, 'tls.key': key };

/** The variables and files of the Secrets that configurations in these suites name. */
export const SOURCES: Sources = {
  file: 'gateway.yaml',
  env: { JWT_SECRET: 'x'.repeat(32), REDIS_PASSWORD: 'secret', ADMIN_TOKEN: 'secret', OTLP_TOKEN: 'secret' },
  readFile: (path) => files[basename(path)] ?? pem,
};
