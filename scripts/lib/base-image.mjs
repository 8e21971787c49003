import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { run } from './engine.mjs';
import { runtime, SetupError } from './project.mjs';
import { ensureSystemParts, isOnPath } from './system-parts.mjs';

/** The default of the Dockerfile. */
export const baseImage = 'node:26-bookworm-slim';

const suite = 'bookworm';
const makeWithinMs = 6 * 60_000;
/** What the official image leaves out as well. */
const needless = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'var/cache/apt', 'var/lib/apt/lists'];

/**
 * Makes a root file system like that of the official image, for machines that reach no registry of images: Debian from
 * apt's mirror, the pinned Node and this machine's npm. It is kept in the cache folder.
 *
 * @returns {Promise<string>} the path of a tar file for `docker import`
 * @throws {SetupError} where it cannot be made, with the reason
 */
export async function ensureBase() {
  const version = (await run(runtime(), ['--version'])).trim();
  const tar = join(cacheFolder(), `base-${suite}-node-${version}.tar`);
  if (existsSync(tar)) return tar;

  await ensureSystemParts(undefined, { debootstrap: 'debootstrap' });
  if (!isOnPath('debootstrap'))
    throw new SetupError('debootstrap was not found on PATH: install it with apt.');
  const work = mkdtempSync(join(cacheFolder(), 'base-'));
  const rootFolder = join(work, 'root');
  try {
    const options = ['--variant=minbase', '--include=ca-certificates,libatomic1,libstdc++6'];
    await run('debootstrap', [...options, suite, rootFolder, await mirror()], { timeout: makeWithinMs });
    for (const path of needless) rmSync(join(rootFolder, path), { recursive: true, force: true });
    await addNode(join(rootFolder, 'usr/local'));
    const unfinished = join(work, 'base.tar');
    await run('tar', ['-C', rootFolder, '--numeric-owner', '-cf', unfinished, '.'], {
      timeout: makeWithinMs,
    });
    renameSync(unfinished, tar);
    return tar;
  } catch (error) {
    throw new SetupError(`No base image could be made: ${error.message}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Where apt of this machine gets the same suite from. */
async function mirror() {
  const format = ['--format', '$(REPO_URI)', `Codename: ${suite}`, 'Identifier: Packages'];
  const uris = await run('apt-get', ['indextargets', ...format]);
  return uris.split('\n')[0] || 'http://deb.debian.org/debian';
}

async function addNode(local) {
  const npm = dirname(dirname(realpathSync((await run('sh', ['-c', 'command -v npm'])).trim())));
  mkdirSync(join(local, 'bin'), { recursive: true });
  cpSync(runtime(), join(local, 'bin/node'));
  cpSync(npm, join(local, 'lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
}
