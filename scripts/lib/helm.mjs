import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { runQuietly } from './children.mjs';
import { SetupError } from './project.mjs';

const VERSION = 'v3.22.0';
/** The version of Kubernetes that helm assumes without a cluster, as in its releases; otherwise it is 1.20. */
const KUBERNETES = ['chartutil.k8sVersionMajor=1', 'chartutil.k8sVersionMinor=36'];

const cache = join(cacheFolder(), 'bin');

/** @returns {string | undefined} the helm that was built here, or else the one on PATH */
export const findHelm = () => findIn([cache, ...(process.env.PATH ?? '').split(delimiter)], 'helm');

/**
 * Builds helm with Go unless it is there, which takes about five minutes of one core.
 * @returns {Promise<string>} its path
 * @throws {SetupError} without Go, or when it cannot be built
 */
export async function ensureHelm() {
  const found = findHelm();
  if (found) return found;
  const go = findIn((process.env.PATH ?? '').split(delimiter), 'go');
  if (!go)
    throw new SetupError(
      'helm was not found on PATH, and there is no Go to build it: install helm 3 (https://helm.sh/docs/intro/install) or Go.',
    );
  console.error(`Building helm ${VERSION} into ${cache} (some minutes, once)…`);
  const env = { ...process.env, GOFLAGS: '', GOBIN: cache };
  const flags = KUBERNETES.map((variable) => `-X helm.sh/helm/v3/pkg/${variable}`).join(' ');
  const args = ['install', `-ldflags=-s -w ${flags}`, `helm.sh/helm/v3/cmd/helm@${VERSION}`];
  const { code, stderr } = await runQuietly(go, args, { env });
  if (code !== 0) throw new SetupError(`helm could not be built. Go reported:\n${stderr.trim()}`);
  return join(cache, 'helm');
}

function findIn(folders, command) {
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
}
