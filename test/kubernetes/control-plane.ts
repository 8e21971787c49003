import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { api, get } from './api.js';
import { startPart } from './part.js';
import { API_SERVER, API_TOKEN, NODE_ADDRESS, SERVICE_ADDRESSES, STATE, writeStateFile } from './places.js';

const ETCD = `http://${NODE_ADDRESS}:2379`;

/** Starts etcd, the API server, the controllers and the scheduler. @returns the path of an administrator's kubeconfig */
export async function startControlPlane(): Promise<string> {
  const kubeconfig = writeStateFile('kubeconfig', kubeconfigOf('admin'));
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = writeStateFile('tokens.pem', privateKey.export({ type: 'pkcs1', format: 'pem' }));
  await startEtcd();
  await startApiServer(key);
  const common = { kubeconfig, 'leader-elect': 'false', 'bind-address': NODE_ADDRESS };
  const controllers = { ...common, 'service-account-private-key-file': key };
  // The controllers make it, and every pod needs one.
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  const schedulerHealth = `https://${NODE_ADDRESS}:10259/healthz`;
  await Promise.all([
    startPart('kube-controller-manager', controllers, async () => (await api.text(account)) !== ''),
    startPart('kube-scheduler', common, async () => (await get(schedulerHealth)) === 'ok'),
  ]);
  return kubeconfig;
}

async function startEtcd(): Promise<void> {
  const peers = `http://${NODE_ADDRESS}:2380`;
  const options = {
    'data-dir': join(STATE, 'etcd'),
    // Nobody needs the data after a crash, and a slow disk would stall the API server.
    'unsafe-no-fsync': 'true',
    'listen-client-urls': ETCD,
    'advertise-client-urls': ETCD,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `default=${peers}`,
  };
  await startPart('etcd', options, async () => (await fetch(`${ETCD}/health`)).ok);
}

async function startApiServer(key: string): Promise<void> {
  const tokens = writeStateFile('tokens.csv', `${API_TOKEN},admin,1,system:masters\n`);
  const options = {
    'etcd-servers': ETCD,
    'cert-dir': join(STATE, 'certificates'),
    'bind-address': NODE_ADDRESS,
    'advertise-address': NODE_ADDRESS,
    'service-account-issuer': API_SERVER,
    'service-account-key-file': key,
    'service-account-signing-key-file': key,
    'service-cluster-ip-range': SERVICE_ADDRESSES,
    'token-auth-file': tokens,
    'authorization-mode': 'RBAC',
    // Logs of pods come from the kubelet, whose host name nothing resolves.
    'kubelet-preferred-address-types': 'InternalIP',
  };
  await startPart('kube-apiserver', options, async () => (await api.text('/readyz')) === 'ok');
}

function kubeconfigOf(user: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: API_SERVER, 'insecure-skip-tls-verify': true } }],
    users: [{ name: user, user: { token: API_TOKEN } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  };
}
