import { importImage, startContainerd } from './containerd.js';
import { startControlPlane } from './control-plane.js';
import { startKubelet, startProxy } from './kubelet.js';
import { startNames } from './names.js';
import { run } from './part.js';
import { BINARIES, NODE_ADDRESS } from './places.js';

/**
 * Starts a Kubernetes node. It runs in namespaces of the kernel that `npm run test:kubernetes` makes: processes, mounts
 * and network interfaces end with the first process there, however that ends, so that nothing here stops anything.
 */
export async function startNode(): Promise<void> {
  await prepareNamespaces();
  const [kubeconfig] = await Promise.all([startControlPlane(), startContainerd()]);
  await importImage(`${BINARIES}/pause.tar`);
  await startKubelet(kubeconfig);
  await Promise.all([startProxy(kubeconfig), startNames()]);
}

/** Hides the folders in which the parts would leave traces, and makes the node's only network interface. */
async function prepareNamespaces(): Promise<void> {
  for (const folder of ['/run', '/var/lib', '/var/log']) await run('mount', '-t', 'tmpfs', 'tmpfs', folder);
  await run('ip', 'link', 'set', 'lo', 'up');
  await run('ip', 'link', 'add', 'node0', 'type', 'bridge');
  await run('ip', 'address', 'add', `${NODE_ADDRESS}/24`, 'dev', 'node0');
  await run('ip', 'link', 'set', 'node0', 'up');
  await run('ip', 'route', 'add', 'default', 'dev', 'node0');
  await run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
}
