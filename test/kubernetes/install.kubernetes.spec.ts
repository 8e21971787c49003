import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/http.js';
import { api, type KubernetesObject } from './api.js';
import { createNamespace, gatewayPods, isReady, NAMESPACE, settled } from './cluster.js';
import { helm, install, RELEASE, upgrade } from './helm.js';
import { serviceOrigin } from './under-load.js';

describe('an installed release', () => {
  beforeAll(async () => {
    await upgrade();
    await settled(2);
  });

  it('runs in a namespace that rejects pods outside of the profile restricted', async () => {
    const containers = [{ name: 'root', image: 'breakwater:test' }];
    const pod = { metadata: { name: 'root' }, spec: { containers } };
    const created = api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, pod);
    await expect(created).rejects.toMatchObject({ status: 403 });
  });

  it('serves requests through each pod and through the service', async () => {
    const pods = (await gatewayPods()).map(({ status }) => `http://${status.podIP}:8080`);
    const origins = [...pods, await serviceOrigin()];
    const answers = await Promise.all(origins.map((origin) => ask(`${origin}/users/1`)));
    expect(answers.map(({ status, body }) => [status, body])).toEqual(
      origins.map(() => [200, expect.stringContaining('Uma Example')]),
    );
  });

  it('starts without a warning', async () => {
    const [pod] = await gatewayPods();
    const log = await api.text(`/api/v1/namespaces/${NAMESPACE}/pods/${pod?.metadata.name}/log`);
    const levels = log
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { level: string }).level);
    expect(new Set(levels)).toEqual(new Set(['info']));
  });

  it('passes helm test', async () => {
    const output = await helm('test', RELEASE, '--namespace', NAMESPACE, '--timeout', '60s');
    expect(output).toMatch(/Phase:\s+Succeeded/);
  });
});

describe('the API server', () => {
  it('accepts every optional object of the chart, with labels and annotations', async () => {
    await createNamespace('full');
    const set = fileURLToPath(new URL('../deploy/value-sets/metadata.yaml', import.meta.url));
    const options = ['--values', set, '--wait', '--timeout', '150s'];
    await install('full', 'full', { autoscaling: { minReplicas: 1 } }, ...options);
    const lists = [
      '/apis/autoscaling/v2/namespaces/full/horizontalpodautoscalers',
      '/apis/networking.k8s.io/v1/namespaces/full/networkpolicies',
      '/apis/networking.k8s.io/v1/namespaces/full/ingresses',
      '/apis/gateway.networking.k8s.io/v1/namespaces/full/httproutes',
      '/apis/monitoring.coreos.com/v1/namespaces/full/servicemonitors',
      '/apis/monitoring.coreos.com/v1/namespaces/full/prometheusrules',
    ];
    const missing: string[] = [];
    for (const list of lists) {
      const { items } = await api.get<{ items: readonly KubernetesObject[] }>(list);
      if (items.length === 0) missing.push(list);
    }
    expect(missing).toEqual([]);
    expect((await gatewayPods('full')).some(isReady)).toBe(true);
    await helm('uninstall', 'full', '--namespace', 'full');
  });
});
