import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { runQuietly } from './children.mjs';
import { SetupError } from './project.mjs';
import { isOnPath } from './system-parts.mjs';

const version = '1.36.3';
const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kube-scheduler', 'kubelet'];
const versionPackage = 'k8s.io/component-base/version';
const buildWithinS = 15 * 60;

/** The definitions of custom resources that the chart can make, and the modules that contain them. */
const monitoring = [
  'github.com/prometheus-operator/prometheus-operator@v0.85.0',
  'example/prometheus-operator-crd',
];
const definitions = [
  ['sigs.k8s.io/gateway-api@v1.6.3', 'config/crd/standard', 'gateway.networking.k8s.io_httproutes.yaml'],
  [...monitoring, 'monitoring.coreos.com_prometheusrules.yaml'],
  [...monitoring, 'monitoring.coreos.com_servicemonitors.yaml'],
];

/** Modules that kubernetes requires as v0.0.0 and publishes with each release. */
const stagingModules =
  'api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap ' +
  'code-generator component-base component-helpers controller-manager cri-api cri-client cri-streaming ' +
  'csi-translation-lib dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator ' +
  'kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission ' +
  'sample-apiserver sample-cli-plugin sample-controller streaming';

/**
 * Builds the programs of a Kubernetes node from their Go modules, unless they are in the cache folder already.
 *
 * @returns {Promise<string>} a folder with the programs, `pause.tar` (the image that holds the namespaces of a pod), and
 * `crds`, a folder of YAML files
 * @throws {SetupError} where they cannot be built within 15 minutes, with the reason
 */
export async function ensureKubernetes() {
  const folder = join(cacheFolder(), `kubernetes-v${version}`);
  if (existsSync(folder)) return folder;
  if (!isOnPath('go')) throw new SetupError('go was not found on PATH: install Go to build Kubernetes.');
  console.error(`Building Kubernetes ${version} (about ten minutes, once)…`);
  const unfinished = mkdtempSync(`${folder}-`);
  try {
    await buildPauseImage(unfinished);
    await fetchDefinitions(unfinished);
    await buildPrograms(unfinished);
    if (!existsSync(folder)) renameSync(unfinished, folder); // Another checkout may have been faster.
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

async function buildPrograms(folder) {
  const packages = programs.map((name) => `k8s.io/kubernetes/cmd/${name}`);
  const source = makeModule(folder, [
    'module breakwater/kubernetes',
    'go 1.26',
    `require k8s.io/kubernetes v${version}`,
    ...stagingModules
      .split(' ')
      .map((name) => `replace k8s.io/${name} => k8s.io/${name} v0${version.slice(1)}`),
  ]);
  const imports = packages.map((name) => `import _ "${name}"\n`).join('');
  writeFileSync(join(source, 'programs.go'), `package programs\n${imports}`);
  // Without its version the API server reports none, and helm refuses it.
  const [major, minor] = version.split('.');
  const facts = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
  const settings = Object.entries(facts).map(([name, value]) => `-X ${versionPackage}.${name}=${value}`);
  const flags = `-ldflags=-s -w ${settings.join(' ')}`;
  await go(source, 'build', '-trimpath', flags, '-o', folder, ...packages);
  rmSync(source, { recursive: true });
}

/** The image is a program that does nothing until it is told to end. */
async function buildPauseImage(folder) {
  const source = makeModule(folder, ['module breakwater/pause', 'go 1.26']);
  writeFileSync(join(source, 'main.go'), pauseProgram);
  await go(source, 'build', '-ldflags=-s -w', '-o', 'pause', '.');
  await archive(source, join(source, 'layer.tar'), ['pause']);
  const digest = createHash('sha256')
    .update(readFileSync(join(source, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: { x64: 'amd64' }[process.arch] ?? process.arch,
    os: 'linux',
    config: { Entrypoint: ['/pause'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: ['localhost/pause:1'], Layers: ['layer.tar'] }];
  writeFileSync(join(source, 'config.json'), JSON.stringify(config));
  writeFileSync(join(source, 'manifest.json'), JSON.stringify(manifest));
  await archive(source, join(folder, 'pause.tar'), ['manifest.json', 'config.json', 'layer.tar']);
  rmSync(source, { recursive: true });
}

const archive = (folder, file, contents) => run('tar', ['-c', '-C', folder, '-f', file, ...contents]);

const pauseProgram = `package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}
`;

async function fetchDefinitions(folder) {
  mkdirSync(join(folder, 'crds'));
  for (const [module, path, file] of definitions) {
    const { stdout } = await go(folder, 'mod', 'download', '-json', module);
    copyFileSync(join(JSON.parse(stdout).Dir, path, file), join(folder, 'crds', file));
  }
}

function makeModule(folder, lines) {
  const source = mkdtempSync(join(folder, 'source-'));
  writeFileSync(join(source, 'go.mod'), `${lines.join('\n')}\n`);
  return source;
}

/** Runs Go, and the compilers that it starts, as a group that the time limit ends together. */
function go(cwd, ...args) {
  const env = { ...process.env, GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
  return run('timeout', ['--kill-after=5', String(buildWithinS), 'go', ...args], { cwd, env });
}

async function run(command, args, options) {
  const { code, stdout, stderr } = await runQuietly(command, args, options);
  if (code === 0) return { stdout };
  const lines = stderr.trim().split('\n').slice(-10).join('\n');
  const reason = code === 124 ? `was not ready within ${buildWithinS / 60} minutes` : `failed:\n${lines}`;
  throw new SetupError(`\`${[command, ...args].join(' ')}\` ${reason}`);
}
