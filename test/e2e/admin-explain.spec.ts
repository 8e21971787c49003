import { Controller, Get, Module, Param, Post } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { GatewayRoute } from '../../src/index.js';
import type { Explained } from '../../src/modules/admin/explain.controller.js';
import { gateway } from '../support/gateway.js';
import { SECRET } from '../support/tokens.js';

@Controller('users')
class UsersController {
  @Get('mine')
  @GatewayRoute({
    scopes: ['users:read'],
    cors: { origins: ['https://app.example.com'] },
    rateLimit: { requests: 5, per: '1m' },
    cache: { ttl: '30s' },
    timeout: '2s',
  })
  mine() {
    return {};
  }

  @Post(':id')
  plain(@Param('id') id: string) {
    return id;
  }
}

@Module({ controllers: [UsersController] })
class UsersModule {}

const start = () =>
  gateway(`
upstreams: { api: { url: "http://127.0.0.1:1" } }
routes:
  - id: beta
    match: { path: /users/**, headers: { x-beta: secret-value } }
    upstream: api
  - { id: users, match: { path: /users/**, methods: [GET] }, upstream: api, cache: { ttl: 1m } }`).start();

describe('the admin API', () => {
  it('explains a request with the configuration in force', async () => {
    const gw = await start();
    const read = async (query: string) => {
      const answer = await gw.management(`/admin/explain?${query}`);
      return [answer.status, JSON.stringify(await answer.json())] as const;
    };
    expect(await read('path=/users/1')).toMatchObject([200, expect.stringContaining('users matches it')]);
    const beta = await read(`path=/users/1&method=POST&header=${encodeURIComponent('X-Beta: secret-value')}`);
    expect(beta).toMatchObject([200, expect.stringContaining('beta matches it')]);
    expect(await read('path=/none')).toMatchObject([200, expect.stringContaining('404')]);
    expect((await read('method=GET'))[0]).toBe(400);
    expect((await read('path=/users&header=none'))[0]).toBe(400);
  });

  it('names the user handler that would answer, and its options', async () => {
    const gw = await gateway(`
server: { access: { deny: [192.0.2.1] } }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { api: { url: "http://127.0.0.1:1" } }
routes: [{ id: users, match: { path: /users/**, methods: [GET, POST] }, upstream: api }]`)
      .withModule(UsersModule)
      .start();
    const read = async (query: string) => {
      const { stages } = (await (await gw.management(`/admin/explain?${query}`)).json()) as Explained;
      return stages.map(({ stage, text }) => `${stage}: ${text}`);
    };
    const access = 'access: From everywhere except 192.0.2.1: others get 403 address_denied.';
    const passed = 'route: users gets what no handler answers.';
    expect(await read('path=/users/mine')).toEqual([
      'handler: UsersController.mine takes it with GET /users/mine.',
      'cors: Pages of https://app.example.com can call.',
      access,
      'rate limit: 5 in 1m for each user.',
      'auth: Requires a valid credential of main with the scopes users:read.',
      'cache: Answered from the copy of its user while that is fresh; 30s unless the response says otherwise.',
      'deadline: All its calls to upstreams within 2s.',
      passed,
    ]);
    expect(await read('path=/users/7&method=POST')).toEqual([
      'handler: UsersController.plain takes it with POST /users/:id.',
      access,
      'auth: Its own guards decide, since it has no `@GatewayRoute()`.',
      passed,
    ]);
    expect(await read('path=/users/7')).toContain('route: users matches it with /users/**.');
    const preflight = 'method=OPTIONS&header=Access-Control-Request-Method:%20GET';
    expect(await read(`path=/users/mine&${preflight}`)).toEqual([
      'cors: The gateway answers this preflight. Pages of https://app.example.com can call.',
    ]);
  });

  it('lists the routes without header values', async () => {
    const gw = await start();
    const text = await (await gw.management('/admin/routes')).text();
    expect(JSON.parse(text)).toMatchObject([
      { id: 'beta', path: '/users/**', headers: ['x-beta'], upstreams: ['api'] },
      { id: 'users', methods: ['GET'], cache: { ttlMs: 60_000 }, isPublic: true },
    ]);
    expect(text).not.toContain('secret-value');
  });
});
