import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { temporaryFile } from '../support/process.js';
import { CHART, describeWithHelm, helm, type KubernetesObject, render } from './helm.js';

const SELECTOR = {
  'app.kubernetes.io/name': 'breakwater',
  'app.kubernetes.io/instance': 'test',
  'app.kubernetes.io/component': 'gateway',
};

/** A ReplicaSet as the cluster has it. @param configMap where its pods read their configuration */
const replicaSet = (configMap: string, replicas = 2, labels: object = SELECTOR) => ({
  spec: {
    replicas,
    selector: { matchLabels: { ...labels, 'pod-template-hash': configMap } },
    template: {
      spec: { volumes: [{ name: 'config', configMap: { name: configMap } }, { name: 'secret-0' }] },
    },
  },
});

const configMap = (text: string, immutable?: boolean) => ({
  metadata: { name: 'as-in-the-path' },
  immutable,
  data: { 'gateway.yaml': text },
});

/** @returns a kubeconfig for an API server that has these objects and answers only what the chart looks up */
async function cluster(replicaSets: readonly object[], configMaps: Readonly<Record<string, object>>) {
  const list = { kind: 'ReplicaSetList', apiVersion: 'apps/v1', items: replicaSets };
  const resources = (groupVersion: string, name: string, kind: string) => ({
    kind: 'APIResourceList',
    groupVersion,
    resources: [{ name, kind, namespaced: true, verbs: ['get', 'list'] }],
  });
  const answers: Record<string, object> = {
    '/apis/apps/v1': resources('apps/v1', 'replicasets', 'ReplicaSet'),
    '/apis/apps/v1/namespaces/edge/replicasets': list,
    '/api/v1': resources('v1', 'configmaps', 'ConfigMap'),
  };
  for (const [name, object] of Object.entries(configMaps)) {
    const path = `/api/v1/namespaces/edge/configmaps/${name}`;
    answers[path] = { kind: 'ConfigMap', apiVersion: 'v1', ...object };
  }
  const server = createServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://cluster');
    const missing = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 };
    response.writeHead(answers[pathname] ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answers[pathname] ?? missing));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const context = { name: 'test', context: { cluster: 'test', user: 'test' } };
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: address } }],
    users: [{ name: 'test', user: {} }],
    contexts: [context],
    'current-context': 'test',
  };
  return temporaryFile('kubeconfig', JSON.stringify(kubeconfig));
}

/** @returns the ConfigMaps of an upgrade in such a cluster, except the one of the new configuration */
async function earlier(kubeconfig: string, ...values: string[]): Promise<readonly KubernetesObject[]> {
  const { configMap: current } = await render(...values);
  const place = ['--namespace', 'edge', '--kubeconfig', kubeconfig, '--kube-version', '1.36.0'];
  const show = ['--show-only', 'templates/configmap.yaml', '--dry-run=server'];
  const { stdout } = await helm('template', 'test', CHART, ...place, ...show, ...values);
  const [first, ...others] = parseAllDocuments(stdout).map((each): KubernetesObject => each.toJS());
  expect(first?.metadata.name).toBe(current.metadata.name);
  return others;
}

describeWithHelm('an upgrade', () => {
  it('keeps the ConfigMap of each configuration that pods of the release have', async () => {
    const replicaSets = [replicaSet('test-breakwater-1'), replicaSet('test-breakwater-2', 1)];
    const configMaps = {
      'test-breakwater-1': configMap('log: { level: info }\n', true),
      'test-breakwater-2': configMap('routs: []\n', true),
    };
    const kept = await earlier(await cluster([...replicaSets, ...replicaSets], configMaps));
    const labels = { ...SELECTOR, 'app.kubernetes.io/managed-by': 'Helm' };
    expect(kept).toMatchObject([
      {
        metadata: { name: 'test-breakwater-1', namespace: 'edge', labels },
        immutable: true,
        data: { 'gateway.yaml': 'log: { level: info }\n' },
      },
      { metadata: { name: 'test-breakwater-2' }, data: { 'gateway.yaml': 'routs: []\n' } },
    ]);
  });

  it('keeps none of a ReplicaSet without pods, of another release or of another component', async () => {
    const others = [
      replicaSet('old', 0),
      replicaSet('other', 2, { ...SELECTOR, 'app.kubernetes.io/instance': 'other' }),
      replicaSet('redis', 1, { ...SELECTOR, 'app.kubernetes.io/component': 'redis' }),
      replicaSet('missing'),
    ];
    const configMaps = { old: configMap('a'), other: configMap('b'), redis: configMap('c') };
    expect(await earlier(await cluster(others, configMaps))).toEqual([]);
  });

  it('keeps the ConfigMap that pods load again when it is no longer the one of the release', async () => {
    const kubeconfig = await cluster([replicaSet('test-breakwater')], { 'test-breakwater': configMap('a') });
    expect(await earlier(kubeconfig, '--set', 'configUpdate=reload')).toEqual([]);
    const [kept] = await earlier(kubeconfig);
    expect(kept?.metadata.name).toBe('test-breakwater');
    expect(kept).not.toHaveProperty('immutable');
  });
});
