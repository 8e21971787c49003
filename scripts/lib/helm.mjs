import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { runQuietly } from './children.mjs';
import { SetupError } from './project.mjs';

/** The version of Kubernetes that helm 3 assumes without a cluster, as in its releases; otherwise it is 1.20. */
const kubernetes = ['chartutil.k8sVersionMajor=1', 'chartutil.k8sVersionMinor=36'];

const versions = {
  3: {
    package: 'helm.sh/helm/v3/cmd/helm@v3.22.0',
    flags: kubernetes.map((variable) => ` -X helm.sh/helm/v3/pkg/${variable}`).join(''),
    folder: join(cacheFolder(), 'helm-v3.22.0'),
  },
  4: { package: 'helm.sh/helm/v4/cmd/helm@v4.3.2', flags: '', folder: join(cacheFolder(), 'helm-v4.3.2') },
};

const onPath = (process.env.PATH ?? '').split(delimiter);
const buildWithinMs = 15 * 60_000;

/**
 * @param {3 | 4} major for 3, the helm on PATH will do as well
 * @returns {string | undefined} its path, if it is there
 */
export function findHelm(major = 3) {
  const built = findIn([versions[major].folder], 'helm');
  if (built || major !== 3) return built;
  const installed = findIn(onPath, 'helm');
  return installed && isVersion3(installed) ? installed : undefined;
}

/**
 * Builds helm with Go unless it is there, which takes about five minutes of one core.
 * @param {3 | 4} major
 * @returns {Promise<string>} its path
 * @throws {SetupError} without Go, or when it cannot be built
 */
export async function ensureHelm(major = 3) {
  const found = findHelm(major);
  if (found) return found;
  const go = findIn(onPath, 'go');
  if (!go) {
    throw new SetupError(
      `There is no Go to build helm ${major}: install helm (https://helm.sh/docs/intro/install) or Go.`,
    );
  }
  const { package: name, flags, folder } = versions[major];
  console.error(`Building ${name} (some minutes, once)…`);
  const env = { ...process.env, GOFLAGS: '', GOBIN: folder };
  const options = { env, timeout: buildWithinMs };
  const { code, stderr } = await runQuietly(go, ['install', `-ldflags=-s -w${flags}`, name], options);
  if (code !== 0) throw new SetupError(`helm ${major} could not be built. Go reported:\n${stderr.trim()}`);
  return join(folder, 'helm');
}

function isVersion3(helm) {
  const { status, stdout } = spawnSync(helm, ['version', '--short'], { encoding: 'utf8', timeout: 10_000 });
  return status === 0 && stdout.startsWith('v3.');
}

function findIn(folders, command) {
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}
