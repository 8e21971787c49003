import { Baseline, canTakeBaseline } from './baseline.js';
import { spawnInspected } from './spawn-inspected.js';
import { Load } from './load.js';
import { type GatewayProcess, spawnUpstream, type UpstreamProcess } from './process.js';
import { until } from './until.js';

export const USER = '200 {"id":"alice","name":"Alice Example","servedFor":null}';
export const ORDER = '200 {"id":"1","user":"alice","item":"Lighthouse lamp","servedFor":null}';
export const FALLBACK = '503 {"message":"Orders are resting"}';

export interface Outage {
  readonly gateway: GatewayProcess;
  readonly orders: UpstreamProcess;
  readonly load: { readonly users: Load; readonly orders: Load };
  /** Stops the load and the services, and expects that nothing of the outage is left in the gateway. */
  readonly isOver: (...more: UpstreamProcess[]) => Promise<void>;
}

/**
 * Sets up an outage: `users` and `orders` behind a gateway, each a process, and eight clients of each service.
 *
 * @param ordersTimeout the timeout of `orders`; that of `users` is so long that a busy machine does not exceed it
 * @param openFor how long a breaker stays open each time
 */
export async function stageOutage(ordersTimeout: string, openFor = '500ms'): Promise<Outage> {
  const latency = { latencyMs: 2 };
  const [users, orders] = await Promise.all([
    spawnUpstream('users', latency),
    spawnUpstream('orders', latency),
  ]);
  const gateway = await spawnInspected(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    defaults: { breaker: { consecutiveFailures: 5, openFor: ${openFor}, maxOpenFor: ${openFor} } }
    upstreams:
      users: { url: "${users.url}", timeout: 10s }
      orders:
        url: ${orders.url}
        timeout: ${ordersTimeout}
        fallback: { response: { status: 503, body: { message: Orders are resting } } }
    routes:
      - { id: users, match: { path: /users/** }, upstream: users }
      - { id: orders, match: { path: /orders/** }, upstream: orders }
  `);
  const baseline = canTakeBaseline ? await Baseline.of(gateway) : undefined;
  const clients = { clients: 8, pace: 30 };
  const load = {
    users: new Load(`${gateway.url}/users/alice`, clients),
    orders: new Load(`${gateway.url}/orders/1`, clients),
  };
  const [user, order] = [load.users.fromNow(), load.orders.fromNow()];
  await until('both services answer', () => user.count(USER) > 50 && order.count(ORDER) > 50);
  const isOver = async (...more: UpstreamProcess[]) => {
    await Promise.all([load.users.stop(), load.orders.stop()]);
    // Connections to running services would be kept for the next request.
    for (const { process } of [users, orders, ...more]) process.kill('SIGKILL');
    await baseline?.holds();
    await until('no request to be left', async () => ((await baseline?.requestsAlive()) ?? 0) === 0, 30_000);
  };
  return { gateway, orders, load, isOver };
}
