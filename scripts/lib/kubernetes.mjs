import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildImages } from './images.mjs';
import { ensureHelm } from './helm.mjs';
import { ensureKubernetes } from './kubernetes-binaries.mjs';
import { SetupError } from './project.mjs';
import { ensureSystemParts, isOnPath } from './system-parts.mjs';

const parts = {
  etcd: 'etcd-server',
  containerd: 'containerd',
  runc: 'runc',
  ip: 'iproute2',
  iptables: 'iptables',
};
/** It contains no command: its files are plugins of containerd. */
const plugins = { '../lib/cni/bridge': 'containernetworking-plugins' };
/** The limit for preparation and suite together. The CI machine has 45 minutes for all suites. */
export const withinS = 22 * 60;
/** What the suite takes at least. */
const suiteS = 5 * 60;

/**
 * Prepares what a Kubernetes node needs on this machine.
 *
 * @returns {Promise<Record<string, string>>} environment variables that tell the suite where it is
 * @throws {SetupError} with what is missing
 */
export async function prepareKubernetes() {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new SetupError('A Kubernetes node needs Linux and root.');
  }
  await ensureSystemParts(undefined, { ...parts, ...plugins });
  const missing = Object.keys(parts).filter((command) => !isOnPath(command));
  if (missing.length > 0)
    throw new SetupError(`These commands were not found on PATH: ${missing.join(', ')}.`);
  const folder = await ensureKubernetes();
  const { gatewayTar, demoTar } = await buildImages();
  return {
    KUBERNETES_BINARIES: folder,
    KUBERNETES_HELM: await ensureHelm(),
    KUBERNETES_IMAGES: [gatewayTar, demoTar].join(':'),
  };
}

/**
 * @returns {string[]} the beginning of a command that runs in its own namespaces of the kernel: whatever it starts,
 * mounts or connects ends with it. The first process there only waits, so that it collects orphans.
 * @throws {SetupError} when too little time is left
 */
export function inNamespaces() {
  const left = Math.floor(withinS - process.uptime());
  if (left < suiteS) throw new SetupError(`The preparation left only ${left} seconds for the suite.`);
  const limit = ['timeout', '--foreground', '--signal=KILL', String(left)];
  const namespaces = ['unshare', '--net', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child'];
  return [...limit, ...namespaces, 'sh', '-c', '"$@" & wait $!', 'sh'];
}

/** Removes the control groups that containerd made for the node's pods, whose processes may still be ending. */
export async function removeControlGroups() {
  const root = '/sys/fs/cgroup';
  const groups = ['.', ...subfolders(root)].map((hierarchy) => join(root, hierarchy, 'k8s.io'));
  for (let tries = 0; tries < 50 && groups.some((group) => existsSync(group)); tries++) {
    for (const group of groups) removeTree(group);
    await sleep(100);
  }
}

function removeTree(folder) {
  for (const child of subfolders(folder)) removeTree(join(folder, child));
  try {
    rmdirSync(folder);
  } catch {
    // It is not there, or still in use.
  }
}

function subfolders(folder) {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
