import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { InjectUpstream, UpstreamModule, UpstreamProxy, UpstreamRegistry } from '../../src/index.js';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const USERS =
  'users: { url: "${USERS_URL}", pool: { keepAlive: 60s }, retry: { attempts: 0 }, breaker: { consecutiveFailures: 2, openFor: 60s } }';
const ORDERS = 'orders: { url: "${ORDERS_URL}" }';
const yaml = (upstreams: string, routes: string) => `
upstreams: { ${upstreams} }
routes: [${routes}]
`;
const route = (id: string, rest = '') => `{ id: ${id}, match: { path: /${id}/** }, upstream: ${id}${rest} }`;
const BOTH = yaml(`${USERS}, ${ORDERS}`, `${route('users')}, ${route('orders')}`);

/** An upstream that counts its connections, and fails on /fail. */
function counting(): Server & { readonly sockets: Set<Socket>; connections: number } {
  const server = createServer((req, res) => {
    res.statusCode = req.url?.includes('fail') ? 500 : 200;
    res.end(req.url);
  });
  // A busy machine may take seconds between two requests.
  server.keepAliveTimeout = 60_000;
  const counted = Object.assign(server, { sockets: new Set<Socket>(), connections: 0 });
  server.on('connection', (socket: Socket) => {
    counted.connections++;
    counted.sockets.add(socket);
    socket.once('close', () => counted.sockets.delete(socket));
  });
  return counted;
}

const status = async (gw: RunningGateway, path: string) => {
  const response = await gw.fetch(path);
  await response.text();
  return response.status;
};

const start = async (text = BOTH) => {
  const [users, orders] = [counting(), counting()];
  const gw = await gateway(text).withUpstream('users', users).withUpstream('orders', orders).start();
  const registry = gw.gateway.app.get(UpstreamRegistry);
  return { gw, users, orders, registry };
};

describe('an upstream that a reload leaves as it is', () => {
  it('keeps its breaker, connections and counters while others change', async () => {
    const { gw, users, orders, registry } = await start();
    await status(gw, '/users/fail');
    await status(gw, '/users/fail');
    expect(await status(gw, '/users/1')).toBe(503);
    expect(await status(gw, '/orders/1')).toBe(200);
    const before = [registry.get('users'), registry.get('orders').model] as const;
    const changed = BOTH.replace('openFor: 60s', 'openFor: 50s');
    expect(await gw.reload(changed)).toMatchObject({
      result: 'applied',
      diff: { upstreams: { added: [], changed: ['users'], removed: [] }, sections: [] },
    });
    expect([registry.get('users'), registry.get('orders').model]).toEqual(before);
    expect(registry.get('users').config.breaker.openFor).toBe(50_000);
    // A change of the breaker's own settings does not close it either.
    expect(await status(gw, '/users/1')).toBe(503);
    expect(await status(gw, '/orders/1')).toBe(200);
    expect([users.connections, orders.connections]).toEqual([1, 1]);
  });
});

describe('a changed upstream', () => {
  it('uses its new targets, and keeps the connections of unchanged targets', async () => {
    const { gw, users, orders } = await start(yaml(USERS, route('users')));
    await status(gw, '/users/1');
    const both = USERS.replace(
      'url: "${USERS_URL}"',
      'targets: [{ url: "${USERS_URL}" }, { url: "${ORDERS_URL}" }], balancer: round-robin',
    );
    expect((await gw.reload(yaml(both, route('users')))).result).toBe('applied');
    for (let i = 0; i < 4; i++) expect(await status(gw, '/users/1')).toBe(200);
    expect([users.connections, orders.connections]).toEqual([1, 1]);
    await gw.reload(yaml(USERS.replace('USERS_URL', 'ORDERS_URL'), route('users')));
    expect(await status(gw, '/users/1')).toBe(200);
    expect(orders.connections).toBe(1);
    await until('the connection of the removed target ends', () => users.sockets.size === 0);
  });

  it('is probed at its new path, and no longer without `health`', async () => {
    const paths: string[] = [];
    const gw = await gateway(
      yaml(USERS.replace(/ }$/, ', health: { path: /a, interval: 100ms } }'), route('users')),
    )
      .withUpstream('users', (req, res) => {
        paths.push(req.url ?? '');
        setTimeout(() => res.end(), req.url === '/users/slow' ? 100 : 0);
      })
      .start();
    await until('probes of /a', () => paths.includes('/a'));
    const text = (health: string) => yaml(USERS.replace(/ }$/, `${health} }`), route('users'));
    await gw.reload(text(', health: { path: /b, interval: 100ms }'));
    await until('probes of /b', () => paths.includes('/b'));
    paths.length = 0;
    await until('more probes', () => paths.length > 2);
    expect(paths).not.toContain('/a');
    await gw.reload(text(''));
    paths.length = 0;
    // Much longer than the interval of the probes.
    for (let i = 0; i < 5; i++) await status(gw, '/users/slow');
    expect(new Set(paths)).toEqual(new Set(['/users/slow']));
  });
});

describe('a removed upstream', () => {
  it('finishes its calls, and ends its connections with the last one', async () => {
    let answer = (): void => undefined;
    const arrived = Promise.withResolvers<void>();
    const users = counting();
    users.removeAllListeners('request');
    users.on('request', (_req, res) => {
      res.write('first ');
      answer = () => void res.end('last');
      arrived.resolve();
    });
    const gw = await gateway(BOTH).withUpstream('users', users).withUpstream('orders', counting()).start();
    const response = gw.fetch('/users/slow');
    await arrived.promise;
    const result = await gw.reload(yaml(ORDERS, route('orders')));
    expect(result.diff).toMatchObject({
      upstreams: { added: [], changed: [], removed: ['users'] },
      routes: { removed: ['users'] },
    });
    expect(await status(gw, '/users/1')).toBe(404);
    expect(users.sockets.size).toBe(1);
    answer();
    expect(await (await response).text()).toBe('first last');
    await until('the connection ends', () => users.sockets.size === 0);
    expect(await gw.metric('breakwater_target_up{upstream="users"')).toBe(0);
    const metrics = await (await gw.management('/metrics')).text();
    expect(metrics).not.toMatch(/breaker_state{upstream="users"/);
    // Counted after the upstream was removed.
    expect(metrics).toContain('breakwater_upstream_requests_total{upstream="users",outcome="success"} 1');
  });

  it('can be added again, with its metrics and its breaker from the start', async () => {
    const { gw } = await start();
    await status(gw, '/users/fail');
    await status(gw, '/users/fail');
    await gw.reload(yaml(ORDERS, route('orders')));
    await gw.reload(BOTH);
    expect(await status(gw, '/users/1')).toBe(200);
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
    const counted = 'breakwater_upstream_requests_total{upstream="users",outcome="success"}';
    await until('its calls are counted', async () => (await gw.metric(counted)) === 1);
  });
});

@Controller('mine')
class MineController {
  constructor(@InjectUpstream('users') private readonly users: UpstreamProxy) {}

  @Get('name')
  async name(): Promise<string> {
    return (await this.users.get('/name')).text();
  }
}

@Module({ imports: [UpstreamModule.forFeature('users')], controllers: [MineController] })
class MineModule {}

describe('an upstream that code holds', () => {
  it('sends to its new target, and cannot be removed', async () => {
    const gw = await gateway(BOTH)
      .withUpstream('users', (_req, res) => void res.end('users'))
      .withUpstream('orders', (_req, res) => void res.end('orders'))
      .withModule(MineModule)
      .start();
    expect(await (await gw.fetch('/mine/name')).text()).toBe('users');
    await gw.reload(BOTH.replace('USERS_URL', 'ORDERS_URL'));
    expect(await (await gw.fetch('/mine/name')).text()).toBe('orders');
    expect(await gw.reload(yaml(ORDERS, route('orders')))).toMatchObject({
      result: 'failed',
      error: 'code uses the upstream users',
    });
    expect(await (await gw.fetch('/users/1')).text()).toBe('orders');
  });
});
