import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { runQuietly } from './children.mjs';
import { exclusively } from './lock.mjs';
import { inRoot, root, SetupError } from './project.mjs';

const lockfile = inRoot('package-lock.json');
const installedHash = inRoot('node_modules/.breakwater-lock-hash');
// npm writes this as its last step, so that an interrupted install has none.
const npmReceipt = inRoot('node_modules/.package-lock.json');

/**
 * Brings node_modules to what package-lock.json says; does nothing when it is there already.
 * @throws {SetupError} with BREAKWATER_INSTALL=0, which forbids it: a suite must not replace what it runs on
 */
export async function ensureInstalled() {
  if (isInstalled()) return;
  if (isLink()) {
    console.warn('node_modules is a link. Its target is used without changes.');
    return;
  }
  if (process.env.BREAKWATER_INSTALL === '0') {
    throw new SetupError(
      'node_modules does not match package-lock.json, and BREAKWATER_INSTALL=0 forbids changing it. Run `npm ci`.',
    );
  }
  await exclusively(async () => {
    if (isInstalled()) return;
    console.error('Installing dependencies (about a minute, once)…');
    // `--include=dev` because the runtime and the compiler are dev dependencies, which NODE_ENV=production leaves out.
    await npmCi(['--include=dev']);
    writeFileSync(installedHash, lockHash());
  });
}

function isInstalled() {
  if (!existsSync(npmReceipt)) return false;
  if (existsSync(installedHash) && readFileSync(installedHash, 'utf8') === lockHash()) return true;
  // npm was run by hand, or node_modules is a copy.
  return holds(readPackages(npmReceipt), readPackages(lockfile));
}

/** Compares contents rather than times, which a checkout changes. Optional packages may be for another platform. */
function holds(installed, wanted) {
  return (
    Object.keys(installed).every((path) => wanted[path]) &&
    Object.entries(wanted).every(
      ([path, { version, integrity, optional, devOptional }]) =>
        path === '' ||
        (installed[path]
          ? installed[path].version === version && installed[path].integrity === integrity
          : optional || devOptional),
    )
  );
}

const readPackages = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/** The packages behind a link belong to another checkout too, and `npm ci` would delete them first. */
const isLink = () => lstatSync(inRoot('node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() === true;

const lockHash = () => createHash('sha256').update(readFileSync(lockfile)).digest('hex');

/**
 * Installs exactly what a lock file lists.
 * @param {string[]} options of npm
 * @param {string} [cwd] folder of the lock file; the project's root by default
 * @throws {SetupError} when npm fails
 */
export async function npmCi(options, cwd = root) {
  // These waits between tries say "no network" after seconds; npm's own take more than a minute.
  const waits = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  const args = ['ci', '--loglevel=error', ...options, ...waits];
  // On Windows npm is a script, which only a shell runs.
  const npmProcess = { cwd, env: systemEnvironment(), shell: process.platform === 'win32' };
  const { code, stdout, stderr } = await runQuietly('npm', args, npmProcess).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new SetupError('npm was not found on PATH. It comes with Node.js: https://nodejs.org/en/download');
  });
  if (code === 0) return;
  if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/.test(stderr)) {
    throw new SetupError(
      'npm could not reach its package registry, and the first run needs it to download the dependencies. Connect ' +
        'to the network, or name a mirror with `npm config set registry URL`, then run this command again. ' +
        `npm reported: ${/request to .*/.exec(stderr)?.[0] ?? stderr}`,
    );
  }
  throw new SetupError(`${stdout}${stderr}\`npm ci\` failed with exit code ${code}; its output is above.`);
}

/** npm must not run on the pinned Node, which it is about to delete. */
function systemEnvironment() {
  const bin = inRoot('node_modules/.bin');
  const path = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== bin);
  return { ...process.env, PATH: path.join(delimiter) };
}
