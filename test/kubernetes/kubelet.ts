import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api } from './api.js';
import { run, startPart } from './part.js';
import { CONTAINERD_SOCKET, NODE_ADDRESS, STATE, writeStateFile } from './places.js';

export const NODE_NAME = 'node';

interface Node {
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

/** Starts the kubelet and waits until its node is Ready. */
export async function startKubelet(kubeconfig: string): Promise<void> {
  await hideKernelSettings();
  const config = writeStateFile('kubelet.json', CONFIGURATION);
  const options = {
    config,
    kubeconfig,
    'root-dir': join(STATE, 'kubelet'),
    'hostname-override': NODE_NAME,
    'node-ip': NODE_ADDRESS,
  };
  await startPart('kubelet', options, async () => {
    const { status } = await api.get<Node>(`/api/v1/nodes/${NODE_NAME}`);
    return status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  });
}

/** Starts kube-proxy, which gives services their addresses. */
export async function startProxy(kubeconfig: string): Promise<void> {
  const config = writeStateFile('proxy.json', {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig },
    hostnameOverride: NODE_NAME,
    mode: 'iptables',
    // Answers of a pod to a pod then come back the way the question went, also where the bridge bypasses iptables.
    iptables: { masqueradeAll: true },
    // These limits belong to the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    healthzBindAddress: `${NODE_ADDRESS}:10256`,
    metricsBindAddress: `${NODE_ADDRESS}:10249`,
  });
  const isHealthy = async () => (await fetch(`http://${NODE_ADDRESS}:10256/healthz`)).ok;
  await startPart('kube-proxy', { config }, isHealthy);
}

const CONFIGURATION = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address: NODE_ADDRESS,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
  podLogsDir: join(STATE, 'pods'),
  volumePluginDir: join(STATE, 'volume-plugins'),
  clusterDNS: [NODE_ADDRESS],
  clusterDomain: 'cluster.local',
  resolvConf: '',
  // The node shares the machine with whatever else runs there: no limits for pods as a whole, none for the system.
  cgroupDriver: 'cgroupfs',
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  failCgroupV1: false,
  failSwapOn: false,
  oomScoreAdj: 0,
  makeIPTablesUtilChains: false,
  evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  imageGCHighThresholdPercent: 100,
  // A change in the values reaches the mounted files after at most this and the lifetime of the kubelet's cache.
  syncFrequency: '2s',
  configMapAndSecretChangeDetectionStrategy: 'Watch',
};

/** Kernel settings that the kubelet writes. They belong to the whole machine, so it writes to copies of the files. */
async function hideKernelSettings(): Promise<void> {
  const settings = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops'];
  for (const setting of [...settings, 'kernel/keys/root_maxkeys', 'kernel/keys/root_maxbytes']) {
    const copy = join(STATE, setting.replaceAll('/', '.'));
    writeFileSync(copy, await run('cat', `/proc/sys/${setting}`));
    await run('mount', '--bind', copy, `/proc/sys/${setting}`);
  }
}
