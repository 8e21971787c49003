import { beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { api, ApiError } from './api.js';
import { gatewayPods, isReady, NAMESPACE, type Pod, settled } from './cluster.js';
import { configuration, helm, install, RELEASE, upgrade, type Values } from './helm.js';
import { underLoad } from './under-load.js';

/** @returns values with a configuration that the gateway rejects */
function mistaken(): Values {
  const { upstreams, routes } = configuration();
  return { config: { upstreams: { ...upstreams, users: { ...upstreams.users, timeuot: '2s' } }, routes } };
}

/** @returns the names of the ConfigMaps that the pods of both versions mount */
async function mountedConfigMaps(): Promise<ReadonlySet<string>> {
  const volumes = (await gatewayPods()).flatMap(({ spec }) => spec.volumes);
  const names = new Set(volumes.flatMap(({ configMap }) => configMap?.name ?? []));
  expect(names.size).toBe(2);
  return names;
}

const terminationMessage = ({ status }: Pod) => status.containerStatuses?.[0]?.lastState.terminated?.message;

/**
 * Upgrades to values with which no pod starts, under load.
 *
 * @param reasonIn finds why in the pod that does not start
 * @param meanwhile something that happens before the rollback
 * @returns the reason, and the requests that were lost until the release was rolled back
 */
async function failingUpgrade(
  values: Values,
  reasonIn: (pod: Pod) => string | undefined,
  meanwhile = async () => {},
) {
  const before = (await gatewayPods()).map(({ metadata }) => metadata.name);
  let reason = '';
  const { lost } = await underLoad(async () => {
    await install(RELEASE, NAMESPACE, values);
    const find = async () => (await gatewayPods()).map(reasonIn).find((each) => each !== undefined);
    reason = await until('the new pod says why it does not start', find, 60_000);
    const ready = (await gatewayPods()).filter(isReady).map(({ metadata }) => metadata.name);
    expect(ready.toSorted()).toEqual(before.toSorted());
    await meanwhile();
    await helm('rollback', RELEASE, '--namespace', NAMESPACE, '--wait', '--timeout', '150s');
    await settled(2);
  });
  return { reason, lost };
}

describe('a release', () => {
  beforeAll(async () => {
    await upgrade();
    await settled(2);
  });

  it('keeps its pods while the new configuration has a mistake, which the new pod names', async () => {
    const { reason, lost } = await failingUpgrade(mistaken(), terminationMessage);
    expect(reason).toContain('upstreams.users.timeuot');
    expect(lost).toEqual([]);
  });

  it('replaces a deleted pod by one of the same version while the new configuration has a mistake', async () => {
    const { lost } = await failingUpgrade(mistaken(), terminationMessage, async () => {
      // The kubelet here still has a copy, since they never change. On another node, the successor needs the original.
      for (const name of await mountedConfigMaps()) {
        await api.get(`/api/v1/namespaces/${NAMESPACE}/configmaps/${name}`);
      }
      const [victim] = (await gatewayPods()).filter(isReady);
      await api.delete(`/api/v1/namespaces/${NAMESPACE}/pods/${victim?.metadata.name}`);
      const isReplaced = async () => {
        const ready = (await gatewayPods()).filter(isReady).map(({ metadata }) => metadata.name);
        return ready.length === 2 && !ready.includes(victim?.metadata.name ?? '');
      };
      await until('its successor is ready', isReplaced, 60_000);
    });
    expect(lost).toEqual([]);
  });

  it('keeps its pods while a Secret is missing, which the new pod names', async () => {
    const { reason, lost } = await failingUpgrade(
      { secrets: { adminToken: { name: 'admin-token' } } },
      ({ status }) => status.containerStatuses?.[0]?.state.waiting?.message,
    );
    expect(reason).toContain('secret "admin-token" not found');
    expect(lost).toEqual([]);
  });

  it('lets only one of two pods be evicted, by its PodDisruptionBudget', async () => {
    const evict = ({ metadata }: Pod) =>
      api
        .create(`/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}/eviction`, {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: metadata.name, namespace: NAMESPACE },
        })
        .then(() => 'evicted')
        .catch((error: unknown) => (error instanceof ApiError ? error.status : error));

    const [first, second] = (await gatewayPods()) as [Pod, Pod];
    const { lost } = await underLoad(async () => {
      // The controller has to see the pods first.
      await until('the first is evicted', async () => (await evict(first)) === 'evicted');
      expect(await evict(second)).toBe(429);
      await settled(2);
    });
    expect(lost).toEqual([]);
  });
});
