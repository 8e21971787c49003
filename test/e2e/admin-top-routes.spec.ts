import { Controller, Get, Module, Param } from '@nestjs/common';
import { expect, it } from 'vitest';
import { EventReader } from '../support/event-stream.js';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

@Controller('greetings')
class GreetingController {
  @Get(':id')
  greet(@Param('id') id: string): string {
    return id;
  }
}

@Module({ controllers: [GreetingController] })
class GreetingModule {}

interface TopRoutes {
  readonly seconds: number;
  readonly routes: readonly { readonly route: string; readonly requests: number; readonly errors: number }[];
}

const start = () =>
  gateway(`
upstreams: { api: { url: "\${API_URL}", retry: { attempts: 0 } } }
routes:
  - { id: users, match: { path: /users/** }, upstream: api }
  - { id: orders, match: { path: /orders/** }, upstream: api }
  - { id: unused, match: { path: /unused }, upstream: api }`)
    .withUpstream('api', (req, res) => void res.writeHead(req.url?.startsWith('/orders') ? 500 : 200).end())
    .withModule(GreetingModule)
    .start();

it('lists the routes with the most errors and requests in the admin API and the event stream', async () => {
  const gw = await start();
  const reader = await EventReader.open(gw.gateway.managementUrl);
  const paths = ['/users/1', '/users/2', '/users/3', '/orders/1', '/orders/2', '/nowhere', '/greetings/bob'];
  for (const path of paths) await (await gw.fetch(path)).text();
  const top = async (query: string) => {
    const response = await gw.management(`/admin/routes/top${query}`);
    return { status: response.status, body: (await response.json()) as TopRoutes };
  };
  await until('all are counted', async () => {
    const { routes } = (await top('')).body;
    return routes.reduce((sum, { requests }) => sum + requests, 0) === paths.length;
  });
  const { body } = await top('?by=errors&last=1m');
  expect(body.routes.map(({ route, requests, errors }) => [route, requests, errors])).toEqual([
    ['orders', 2, 2],
    ['users', 3, 0],
    ['none', 1, 0],
    ['/greetings/:id', 1, 0],
  ]);
  expect(body.seconds).toBeGreaterThanOrEqual(60);
  expect(body.seconds).toBeLessThan(70);
  expect((await top('?by=requests')).body.routes[0]).toMatchObject({
    route: 'users',
    p95: expect.any(Number),
  });
  await until('a tick has them', () =>
    reader.named('tick').some(({ data }) => (data['topRoutes'] as TopRoutes).routes[0]?.errors === 2),
  );
  expect(await top('?by=name')).toMatchObject({ status: 400, body: { code: 'admin_request_invalid' } });
  expect((await top('?last=x')).status).toBe(400);
});
