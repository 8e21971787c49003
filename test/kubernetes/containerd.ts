import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PartError, run, startPart } from './part.js';
import { CONTAINERD_SOCKET, STATE, writeStateFile } from './places.js';

export const PAUSE_IMAGE = 'localhost/pause:1';

/** Where distributions put the plugins: Debian first, then where Kubernetes expects them. */
const PLUGIN_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'];

/** Starts containerd with a bridge network for pods. */
export async function startContainerd(): Promise<void> {
  const plugins = PLUGIN_FOLDERS.find((folder) => existsSync(join(folder, 'bridge')));
  if (plugins === undefined)
    throw new PartError('The CNI plugins were not found: containernetworking-plugins.');
  const network = join(STATE, 'network');
  mkdirSync(network);
  writeStateFile('network/pods.conflist', NETWORK);
  const config = writeStateFile('containerd.toml', configuration(plugins, network));
  await startPart('containerd', { config }, async () => {
    await ctr('version');
    return true;
  });
}

/** Makes the images in a tar file available to pods. */
export async function importImage(tar: string): Promise<void> {
  await ctr('--namespace', 'k8s.io', 'images', 'import', tar);
}

const ctr = (...args: string[]) => run('ctr', '--address', CONTAINERD_SOCKET, ...args);

const NETWORK = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(STATE, 'addresses'),
        ranges: [[{ subnet: '10.90.0.0/16' }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

/** `restrict_oom_score_adj`: without CAP_SYS_RESOURCE, runc cannot lower the score that pods would get. */
const configuration = (plugins: string, network: string) => `
version = 2
root = "${join(STATE, 'containerd')}"
state = "${dirname(CONTAINERD_SOCKET)}/state"
[grpc]
address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${plugins}"
conf_dir = "${network}"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
`;
