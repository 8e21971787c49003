import { createServer } from 'node:http';
import { Controller, Get, Module } from '@nestjs/common';
import { expect, it } from 'vitest';
import { GatewayRoute } from '../../src/index.js';
import { ProcessMemory } from '../../src/modules/server/overload/process-memory.js';
import { gateway, listen } from '../support/gateway.js';
import type { Overview } from '../../src/modules/timeline/shapes.js';
import { requestHead } from '../support/http.js';
import { spawnGateway } from '../support/process.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

const yaml = (overload: string) => `
server: { overload: ${overload} }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: high, match: { path: /high }, upstream: users, priority: high }
  - { id: low, match: { path: /low }, upstream: users, priority: low }
  - { id: normal, match: { path: /** }, upstream: users, websocket: true }
`;

@Controller('code')
class CodeController {
  @Get('high')
  @GatewayRoute({ priority: 'high' })
  high() {
    return {};
  }

  @Get('normal')
  @GatewayRoute()
  normal() {
    return {};
  }
}

@Module({ controllers: [CodeController] })
class CodeModule {}

it('rejects new requests while memory is short, but no requests of operators', async () => {
  // Above the limit, and below that of `high`, which is 5% higher, as long as the tests use less than 10% of the heap.
  const half = (new ProcessMemory().used * 100) / 2;
  const gw = await gateway(yaml(`{ maxMemory: ${half.toFixed(1)}% }`))
    .withUpstream('users', (_req, res) => void res.end('hello'))
    .withModule(CodeModule)
    .start();
  const active = () => gw.metric('breakwater_overload_active{reason="memory"}');
  await until('it has looked at its memory', async () => (await active()) === 1);
  const rejected = await gw.fetch('/');
  expect([rejected.status, rejected.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await rejected.json()).toMatchObject({ code: 'overloaded' });
  expect((await gw.fetch('/low')).status).toBe(503);
  expect([(await gw.fetch('/code/high')).status, (await gw.fetch('/code/normal')).status]).toEqual([
    200, 503,
  ]);
  // The connection of a rejected request is kept.
  const raw = await RawConnection.to(gw.url);
  raw.send(requestHead('GET /')).send(requestHead('GET /health/live'));
  await raw.until('HTTP/1.1 200');
  const handshake = await RawConnection.to(gw.url);
  handshake.send(requestHead('GET /', ...UPGRADE));
  await handshake.until('HTTP/1.1 503');
  for (const path of ['/health', '/health/live', '/health/ready']) {
    expect((await gw.fetch(path)).status).toBe(200);
    expect((await gw.management(path)).status).toBe(200);
  }
  expect((await gw.fetch('/health/other')).status).toBe(503);
  const overloads = async () => {
    const overview = (await (await gw.management('/admin/overview')).json()) as Overview;
    return overview.gateway.overloads;
  };
  const told = await until('the overview tells it', async () => (await overloads())[0]);
  expect(told.reason).toBe('memory');
  expect(told.rejectedPerSecond).toBeGreaterThan(0);
  const counted = 'breakwater_overload_rejections_total{reason="memory",priority=';
  expect(await gw.metric(`${counted}"low"}`)).toBe(1);
  expect(await gw.metric(`${counted}"normal"}`)).toBeGreaterThanOrEqual(2);
  const outcome = 'breakwater_requests_total{route="normal",method="GET",status="503",outcome="overloaded"}';
  expect(await gw.metric(outcome)).toBeGreaterThanOrEqual(2);

  await gw.reload(yaml('off'));
  expect((await gw.fetch('/')).status).toBe(200);
  await until('it is over', async () => (await active()) === 0);
  await gw.reload(yaml('{}'));
  expect((await gw.fetch('/low')).status).toBe(200);
});

it('rejects nothing after a pause of the process', async () => {
  const upstream = await listen(createServer((_req, res) => void res.end('hello')));
  const server = '{ host: 127.0.0.1, port: 0, overload: { maxWait: 20ms } }';
  const { process, url, managementUrl } = await spawnGateway(
    yaml('{}').replace(/server: .*/, `server: ${server}\nmanagement: { port: 0 }`),
    { USERS_URL: upstream },
  );
  const clients = await Promise.all(Array.from({ length: 300 }, () => RawConnection.to(url)));
  process.kill('SIGSTOP');
  const stoppedAt = performance.now();
  for (const client of clients) client.send(requestHead('GET /low'));
  await until(
    'it has stood still for longer than an overload takes',
    () => performance.now() - stoppedAt > 1_500,
  );
  process.kill('SIGCONT');
  await Promise.all(clients.map((client) => client.until('hello')));
  const metrics = await (await fetch(`${managementUrl}/metrics`)).text();
  expect(metrics).toContain('breakwater_overload_active{reason="delay"} 0');
  expect(metrics).not.toContain('breakwater_overload_rejections_total{');
});
