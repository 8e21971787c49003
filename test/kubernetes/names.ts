import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { answerTo, readQuestion } from '../support/dns-message.js';
import { api, type KubernetesObject } from './api.js';
import { NODE_ADDRESS } from './places.js';

interface Service extends KubernetesObject {
  readonly spec: { readonly clusterIP: string };
}

/** Resolves the names of services for pods: the smallest possible CoreDNS. */
export async function startNames(): Promise<void> {
  const addresses = new Map<string, string>();
  void follow(addresses).catch(() => {}); // It ends with the connection to the API server.
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    const known = addresses.get(readQuestion(question).name);
    const answer = answerTo(question, known === undefined ? 'NXDOMAIN' : [known]);
    if (answer) socket.send(answer, port, address);
  });
  socket.unref();
  socket.bind(53, NODE_ADDRESS);
  await once(socket, 'listening');
}

async function follow(addresses: Map<string, string>): Promise<void> {
  for await (const { type, object } of api.watch<Service>('/api/v1/services')) {
    const { name, namespace } = object.metadata;
    const fullName = `${name}.${namespace}.svc.cluster.local`;
    if (type === 'DELETED') addresses.delete(fullName);
    else addresses.set(fullName, object.spec.clusterIP);
  }
}
