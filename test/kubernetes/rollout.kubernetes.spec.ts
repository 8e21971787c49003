import { beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../support/http.js';
import { until } from '../support/until.js';
import { api } from './api.js';
import { gatewayPods, NAMESPACE, settled } from './cluster.js';
import { configuration, helm, RELEASE, upgrade } from './helm.js';
import { serviceOrigin, underLoad } from './under-load.js';

const VERSION = 'x-configuration';
const marked = (value: string) => ({
  config: configuration({ headers: { response: { set: { [VERSION]: value } } } }),
});

interface ConfigMapList {
  readonly items: readonly { readonly data: Readonly<Record<'gateway.yaml', string>> }[];
}

interface Autoscaler {
  readonly status: { readonly desiredReplicas?: number };
}

/** @returns the mark of the configuration that answers */
async function servedVersion(): Promise<unknown> {
  return (await ask(`${await serviceOrigin()}/users/1`)).headers[VERSION];
}

/** @returns the marks of the configurations that the pods answer with, each once */
async function versionsOfPods(): Promise<unknown[]> {
  const origins = (await gatewayPods()).map(({ status }) => `http://${status.podIP}:8080`);
  const answers = await Promise.all(origins.map((origin) => ask(`${origin}/users/1`)));
  return [...new Set(answers.map(({ headers }) => headers[VERSION]))];
}

/** @returns the marks of the configurations that the release keeps in ConfigMaps */
async function storedVersions(): Promise<string[]> {
  const selector = 'labelSelector=app.kubernetes.io/component=gateway';
  const { items } = await api.get<ConfigMapList>(`/api/v1/namespaces/${NAMESPACE}/configmaps?${selector}`);
  const marks = items.map(({ data }) => /x-configuration: (\w+)/.exec(data['gateway.yaml'])?.[1] ?? 'none');
  return marks.toSorted();
}

const podNames = async () => (await gatewayPods()).map(({ metadata }) => metadata.name);

describe('a release under steady load loses no request', () => {
  beforeAll(async () => {
    await upgrade(marked('first'));
    await settled(2);
  });

  it('when helm upgrade changes the configuration and replaces the pods', async () => {
    const before = await podNames();
    const { lost } = await underLoad(async () => {
      await upgrade(marked('second'));
      await settled(2);
    });
    expect(lost).toEqual([]);
    expect(await servedVersion()).toBe('second');
    expect((await podNames()).filter((name) => before.includes(name))).toEqual([]);
  });

  it('when helm rollback returns to the previous configuration', async () => {
    const before = await servedVersion();
    await upgrade(marked('third'));
    await settled(2);
    // That of the pods which were replaced stays for the case that the rollout fails; older ones are gone.
    expect(await storedVersions()).toEqual(['second', 'third']);
    const { lost } = await underLoad(async () => {
      await helm('rollback', RELEASE, '--namespace', NAMESPACE, '--wait', '--timeout', '150s');
      await settled(2);
    });
    expect(lost).toEqual([]);
    expect(await servedVersion()).toBe(before);
  });

  it('when pods load a changed configuration while they run', async () => {
    await upgrade({ configUpdate: 'reload', ...marked('fourth') });
    await settled(2);
    const before = await podNames();
    const { lost } = await underLoad(async () => {
      await upgrade({ configUpdate: 'reload', ...marked('fifth') });
      const isLoaded = async () => (await versionsOfPods()).join() === 'fifth';
      await until('each pod has loaded the configuration', isLoaded, 120_000);
    });
    expect(lost).toEqual([]);
    expect((await podNames()).toSorted()).toEqual(before.toSorted());
  });

  it('when it grows from two pods to four and shrinks again', async () => {
    const { lost, answeredBy } = await underLoad(async () => {
      await upgrade({ replicaCount: 4 });
      await settled(4);
      await upgrade({ replicaCount: 2 });
      await settled(2);
    });
    expect(lost).toEqual([]);
    // Four pods and the address of the service.
    expect(answeredBy.size).toBeGreaterThanOrEqual(5);
  });

  it('when an autoscaler takes over, which finds a single pod', async () => {
    const { lost } = await underLoad(async () => {
      await upgrade({ autoscaling: { enabled: true } });
      const path = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers/${RELEASE}`;
      const isDecided = async () => (await api.get<Autoscaler>(path)).status.desiredReplicas === 2;
      await until('the autoscaler has decided', isDecided, 60_000);
      await settled(2);
    });
    expect(lost).toEqual([]);
  });

  it('when a pod is deleted', async () => {
    const [victim = ''] = await podNames();
    const { lost } = await underLoad(async () => {
      await api.delete(`/api/v1/namespaces/${NAMESPACE}/pods/${victim}`);
      await until('the pod is gone', async () => !(await podNames()).includes(victim), 60_000);
      await settled(2);
    });
    expect(lost).toEqual([]);
  });
});
