import { ask } from '../support/http.js';
import { until } from '../support/until.js';
import { api, type KubernetesObject } from './api.js';
import { NAMESPACE } from './cluster.js';
import { ReadyEndpoints } from './endpoints.js';
import { RELEASE } from './helm.js';
import { type LoadReport, SteadyLoad } from './steady-load.js';

/** Clients, each of which sends up to ten requests per second. */
const CLIENTS = { pods: 8, service: 4 };
/** Requests before and after an action. */
const MARGIN = 200;

/**
 * Sends requests while something happens: some as a load balancer does that follows the endpoints of the service and
 * sends to pods, some as other pods do, over connections to the address of the service.
 */
export async function underLoad(action: () => Promise<void>): Promise<LoadReport> {
  const endpoints = new ReadyEndpoints(NAMESPACE, RELEASE, 'http');
  await until('a pod is ready', () => endpoints.origins.length > 0);
  const service = await serviceOrigin();
  // kube-proxy notices the pods of a new release a moment later than we do.
  await until('the service answers', () => ask(`${service}/users/1`).catch(() => false));
  const loads = [
    new SteadyLoad(() => endpoints.pick(), '/users/1', CLIENTS.pods),
    new SteadyLoad(() => service, '/orders/1', CLIENTS.service),
  ];
  const sent = () => loads.reduce((sum, load) => sum + load.sent, 0);
  await until('requests are sent', () => sent() > MARGIN, 60_000);
  await action();
  const before = sent();
  await until('requests were sent after it', () => sent() > before + MARGIN, 60_000);
  const reports = await Promise.all(loads.map((load) => load.stop()));
  return {
    sent: reports.reduce((sum, each) => sum + each.sent, 0),
    answeredBy: new Set(reports.flatMap((each) => [...each.answeredBy])),
    lost: reports.flatMap((each) => each.lost),
  };
}

interface Service extends KubernetesObject {
  readonly spec: { readonly clusterIP: string; readonly ports: readonly { readonly port: number }[] };
}

export async function serviceOrigin(): Promise<string> {
  const { spec } = await api.get<Service>(`/api/v1/namespaces/${NAMESPACE}/services/${RELEASE}`);
  return `http://${spec.clusterIP}:${spec.ports[0]?.port}`;
}
