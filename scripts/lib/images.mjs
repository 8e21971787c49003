/**
 * Builds the images of the gateway and of the demo services with a Docker daemon of our own, for suites that run them:
 *
 *   const { gatewayTar, demoTar } = await buildImages();
 *
 * Each file is what `docker save` writes, of `breakwater:test` and of `breakwater-demo:test`; `docker load` and
 * `ctr images import` read it. The files stay in the cache folder until something that they are made from changes. A
 * container of the demo image takes its service as arguments, such as `orders --port 3000`. Both run as user 65534.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { existsSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseImage, ensureBase } from './base-image.mjs';
import { fingerprint } from './build.mjs';
import { cacheFolder } from './cache-folder.mjs';
import { run, startEngine } from './engine.mjs';
import { exclusively } from './lock.mjs';
import { inRoot, root } from './project.mjs';

export const gatewayImage = 'breakwater:test';
export const demoImage = 'breakwater-demo:test';

const madeFrom = ['Dockerfile', '.dockerignore', '.npmrc', 'package.json', 'test/demo/upstream.ts'];
const buildWithinMs = 8 * 60_000;
const dayMs = 24 * 3_600_000;

/**
 * @returns {Promise<{ gatewayTar: string, demoTar: string }>} paths
 * @throws {SetupError} where no Docker daemon can run or no base image can be made, with the reason
 */
export const buildImages = () =>
  exclusively(async () => {
    const images = join(cacheFolder(), 'images');
    const folder = join(images, fingerprint(madeFrom).slice(0, 16));
    if (!existsSync(folder)) {
      mkdirSync(images, { recursive: true });
      const unfinished = mkdtempSync(join(images, 'unfinished-'));
      try {
        await build(unfinished);
        renameSync(unfinished, folder);
      } finally {
        rmSync(unfinished, { recursive: true, force: true });
      }
    }
    utimesSync(folder, new Date(), new Date());
    removeUnused(images);
    return { gatewayTar: join(folder, 'gateway.tar'), demoTar: join(folder, 'demo.tar') };
  });

async function build(folder) {
  const engine = await startEngine();
  try {
    await engine.docker(['import', await ensureBase(), baseImage], { timeout: 180_000 });
    const npmrc = join(folder, 'npmrc');
    writeFileSync(npmrc, await npmSettings(), { mode: 0o600 });
    const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'));
    // The network of the machine, because that of the daemon leads nowhere.
    const args = ['build', '--network', 'host', '--secret', `id=npmrc,src=${npmrc}`];
    const options = { timeout: buildWithinMs, env: { DOCKER_BUILDKIT: '1' } };
    await engine.docker([...args, '--tag', demoImage, '--target', 'demo', root], options);
    const tag = ['--tag', gatewayImage, '--build-arg', `VERSION=${version}`];
    await engine.docker([...args, ...tag, root], options);
    rmSync(npmrc);
    await engine.docker(['save', '--output', join(folder, 'gateway.tar'), gatewayImage]);
    await engine.docker(['save', '--output', join(folder, 'demo.tar'), demoImage]);
  } finally {
    await engine.stop();
  }
}

/** The registry that npm uses on this machine, and the certificates that Node trusts in addition here. */
async function npmSettings() {
  const registry = await run('npm', ['config', 'get', 'registry']);
  const settings = [`registry=${registry.trim()}`];
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  if (certificates && existsSync(certificates)) {
    settings.push(`ca=${JSON.stringify(readFileSync(certificates, 'utf8'))}`);
  }
  return settings.join('\n');
}

/** Removes images that no run has used for a day: each pair takes some hundred megabytes. */
function removeUnused(images) {
  for (const name of readdirSync(images)) {
    const folder = join(images, name);
    if (statSync(folder).mtimeMs < Date.now() - dayMs) rmSync(folder, { recursive: true, force: true });
  }
}
