import { generateKeyPairSync } from 'node:crypto';
import type { Sources } from '../../src/modules/config/source/substitute.js';
import { Authority } from '../support/certificates.js';

const { ca } = Authority.create();
const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const pem = publicKey.export({ type: 'spki', format: 'pem' });

/** The variables and files of the Secrets that configurations in these suites name. */
export const SOURCES: Sources = {
  file: 'gateway.yaml',
  env: { JWT_SECRET: 'x'.repeat(32), REDIS_PASSWORD: 'secret', ADMIN_TOKEN: 'secret' },
  readFile: (path) => (path.endsWith('ca.pem') ? ca : pem),
};
