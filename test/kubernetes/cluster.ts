import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/until.js';
import { api, type KubernetesObject } from './api.js';
import { importImage } from './containerd.js';
import { BINARIES, IMAGES } from './places.js';

/** The namespace of the release, which enforces the strictest Pod Security profile, as do those of the services. */
export const NAMESPACE = 'edge';
export const SERVICES = 'demo';

export interface Pod extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'] & { readonly deletionTimestamp?: string };
  readonly spec: {
    readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
  };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly state: { readonly waiting?: { readonly reason: string; readonly message?: string } };
  readonly lastState: { readonly terminated?: { readonly exitCode: number; readonly message?: string } };
}

/** Loads the images and makes what the chart expects of a cluster: custom resources and upstreams. */
export async function furnishCluster(): Promise<void> {
  for (const tar of IMAGES) await importImage(tar);
  const folder = join(BINARIES, 'crds');
  for (const file of readdirSync(folder)) {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await api.create(path, readFileSync(join(folder, file), 'utf8'));
  }
  for (const name of [NAMESPACE, SERVICES]) await createNamespace(name);
  for (const name of ['users', 'orders']) await startService(name);
}

export async function createNamespace(name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await api.create('/api/v1/namespaces', { metadata: { name, labels } });
  // The API server refuses pods until the controllers have made it.
  await until(`namespace ${name} has its ServiceAccount`, () =>
    api.get(`/api/v1/namespaces/${name}/serviceaccounts/default`).catch(() => false),
  );
}

/** Starts a demo service as a pod, `http://NAME.demo:3000` for other pods. */
async function startService(name: string): Promise<void> {
  await api.create(`/api/v1/namespaces/${SERVICES}/services`, {
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: 3000 }] },
  });
  await api.create(`/api/v1/namespaces/${SERVICES}/pods`, {
    metadata: { name, labels: { app: name } },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name,
          image: 'breakwater-demo:test',
          imagePullPolicy: 'Never',
          args: [name, '--port', '3000', '--latency', '50'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          // Without a share of the CPUs of its own, it would starve beside the gateways.
          resources: { requests: { cpu: '200m' } },
          readinessProbe: { httpGet: { path: '/health', port: 3000 }, periodSeconds: 1 },
        },
      ],
    },
  });
  const isThere = async () => isReady(await api.get<Pod>(`/api/v1/namespaces/${SERVICES}/pods/${name}`));
  await until(`${name} is ready`, isThere, 60_000);
}

/** @returns the gateway's pods in a namespace, those that are ending included */
export async function gatewayPods(namespace = NAMESPACE): Promise<readonly Pod[]> {
  const selector = 'labelSelector=app.kubernetes.io/component=gateway';
  return (await api.get<{ items: readonly Pod[] }>(`/api/v1/namespaces/${namespace}/pods?${selector}`)).items;
}

export function isReady({ metadata, status }: Pod): boolean {
  const ready = status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True');
  return metadata.deletionTimestamp === undefined && ready === true;
}

/** Waits until there are exactly this many pods of the gateway, all of them ready. */
export async function settled(count: number): Promise<void> {
  const isSettled = async () => {
    const pods = await gatewayPods();
    return pods.length === count && pods.every(isReady);
  };
  await until(`there are ${count} pods, all ready`, isSettled, 120_000);
}
