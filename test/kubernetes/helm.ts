import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NAMESPACE } from './cluster.js';
import { HELM, STATE, writeStateFile } from './places.js';

const CHART = fileURLToPath(new URL('../../helm/breakwater', import.meta.url));
export const RELEASE = 'breakwater';

export type Values = Readonly<Record<string, unknown>>;

/** Runs the real helm. @throws Error with what it printed */
export async function helm(...args: readonly string[]): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: STATE, KUBECONFIG: join(STATE, 'kubeconfig') };
  return (await promisify(execFile)(HELM, args, { env, timeout: 170_000 })).stdout;
}

/**
 * Installs or upgrades the release and waits until its pods are ready.
 *
 * @param values in addition to the ones that fit this cluster
 * @param options of helm in addition
 */
export async function upgrade(values: Values = {}, ...options: readonly string[]): Promise<void> {
  await install(RELEASE, NAMESPACE, values, '--wait', '--timeout', '150s', ...options);
}

/** Installs or upgrades any release of the chart. */
export async function install(
  release: string,
  namespace: string,
  values: Values,
  ...options: readonly string[]
): Promise<void> {
  const file = writeStateFile('values.json', { ...BASE, ...values });
  const target = ['--install', release, CHART, '--namespace', namespace, '--values', file];
  await helm('upgrade', ...target, '--reset-values', ...options);
}

/** A configuration for the demo services. @param more keys of a route */
export const configuration = (more: object = {}) => ({
  // A busy machine makes services slow, which is not what these specs are about.
  defaults: { timeout: '25s', breaker: { window: '30s' } },
  upstreams: {
    users: { url: 'http://users.demo.svc.cluster.local:3000' },
    orders: { url: 'http://orders.demo.svc.cluster.local:3000' },
  },
  routes: [
    { id: 'users', match: { path: '/users/**' }, upstream: 'users', ...more },
    { id: 'orders', match: { path: '/orders/**' }, upstream: 'orders' },
  ],
});

/** The defaults of the chart, on a node of two CPUs that runs everything else too. */
const BASE = {
  image: { repository: 'breakwater', tag: 'test', pullPolicy: 'Never' },
  resources: { requests: { cpu: '200m', memory: '128Mi' }, limits: { memory: '512Mi' } },
  config: configuration(),
};
