import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { npmCi } from './install.mjs';
import { exclusively } from './lock.mjs';
import { inRoot, SetupError } from './project.mjs';

const folder = inRoot('test/chaos/artillery');
const lockfile = inRoot('test/chaos/artillery/package-lock.json');
const installedHash = inRoot('test/chaos/artillery/node_modules/.breakwater-lock-hash');

/** @returns {boolean} whether the packages of Artillery are those of its lock file */
export const hasArtillery = () =>
  existsSync(installedHash) && readFileSync(installedHash, 'utf8') === lockHash();

/**
 * Installs Artillery, which only `npm run chaos` needs and which is far larger than everything else.
 * @throws {SetupError} with BREAKWATER_INSTALL=0, which forbids it
 */
export async function ensureArtillery() {
  if (hasArtillery()) return;
  if (process.env.BREAKWATER_INSTALL === '0') {
    throw new SetupError('Artillery is not installed, and BREAKWATER_INSTALL=0 forbids installing it.');
  }
  await exclusively(async () => {
    if (hasArtillery()) return;
    console.error('Installing Artillery (about 500 MB, once)…');
    // One of its packages would download a browser.
    await npmCi(['--ignore-scripts'], folder);
    writeFileSync(installedHash, lockHash());
  });
}

const lockHash = () => createHash('sha256').update(readFileSync(lockfile)).digest('hex');
