import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../src/modules/config/parse-config.js';
import { Authority } from '../support/certificates.js';
import { snippets } from './snippets.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const authority = Authority.create();
const names = ['DNS:api.example.com', 'DNS:shop.example.com', 'DNS:*.example.org'];
const issued = authority.issueTo('/CN=gateway', names, 90);
const revoked = authority.revoke();
const PEM = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
  type: 'spki',
  format: 'pem',
});

function readFile(path: string): string {
  if (path.endsWith('ca.pem')) return authority.ca;
  if (path.endsWith('-crl.pem')) return revoked;
  if (path.endsWith('-key.pem')) return issued.key;
  return /gateway\.pem$|\/tls\//.test(path) ? issued.cert : PEM;
}

describe('snippets of the docs', () => {
  it.each(snippets('yaml'))('$place is a valid configuration without warnings', ({ text, place }) => {
    const result = parseConfig(text, { file: place, env: {}, readFile });
    expect(result).toMatchObject({ ok: true, warnings: [] });
  });

  it('so is the configuration of the demo', () => {
    const env = { JWT_SECRET: 'x'.repeat(32), USERS_URL: 'http://users', ORDERS_URL: 'http://orders' };
    const text = readFileSync(join(ROOT, 'test/demo/gateway.yaml'), 'utf8');
    expect(parseConfig(text, { file: 'gateway.yaml', env, readFile })).toMatchObject({
      ok: true,
      warnings: [],
    });
  });

  // A whole compiler run: long on a busy machine.
  it('TypeScript ones compile against the public surface', { timeout: 120_000 }, async () => {
    // Inside the project, so that packages resolve as they do for a user.
    const folder = await mkdtemp(join(ROOT, 'node_modules', '.snippets-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const files = await Promise.all(
      snippets('ts').map(async ({ text }, i) => {
        await writeFile(join(folder, `snippet-${i}.ts`), text);
        return `snippet-${i}.ts`;
      }),
    );
    expect(files.length).toBeGreaterThan(0);
    const paths = {
      breakwater: [join(ROOT, 'src/index.ts')],
      'breakwater/config': [join(ROOT, 'src/config.ts')],
      'breakwater/plugin': [join(ROOT, 'src/plugin.ts')],
      'breakwater/testing': [join(ROOT, 'src/testing.ts')],
    };
    const tsconfig = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { paths, noUnusedLocals: false },
      files,
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });
});
