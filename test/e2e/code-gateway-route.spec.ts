import { Controller, Get, Logger, Module, type Type, UseGuards } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import {
  type CodeRouteOptions,
  CurrentExchange,
  CurrentUser,
  type Exchange,
  GatewayRoute,
  type Identity,
  InjectUpstream,
  JwtAuthGuard,
  Public,
  Scopes,
  UpstreamModule,
  UpstreamProxy,
} from '../../src/index.js';
import { gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';

const AUTH = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }`;
const UPSTREAMS = `
upstreams: { users: { url: "\${USERS_URL}", timeout: 10s } }
routes: [{ id: users, match: { path: /** }, upstream: users, auth: none }]`;

let calls = 0;

@Controller('code')
class CodeController {
  constructor(@InjectUpstream('users') private readonly users: UpstreamProxy) {}

  @Get('default')
  @GatewayRoute()
  byDefault(@CurrentUser() user: Identity | undefined, @CurrentExchange() exchange: Exchange) {
    return { user: user?.subject ?? null, path: exchange.head.path };
  }

  @Get('open')
  @GatewayRoute({ auth: 'none', access: { deny: ['10.0.0.0/8'] } })
  open() {
    return {};
  }

  @Get('scoped')
  @GatewayRoute({ scopes: ['orders:read'], auth: { claims: { tenant: 'acme' } } })
  scoped() {
    return {};
  }

  @Get('cached')
  @GatewayRoute({ auth: 'none', cache: { ttl: '1m' } })
  cached() {
    return { call: ++calls };
  }

  @Get('closed')
  @GatewayRoute({ auth: 'none', maintenance: { retryAfter: '90s' } })
  closed() {
    return {};
  }

  @Get('limited')
  @GatewayRoute({ auth: 'none', limits: { maxQueryParameters: 1 } })
  limited() {
    return {};
  }

  @Get('counted')
  @GatewayRoute({ auth: { optional: true }, rateLimit: { requests: 2, per: '1h' } })
  counted() {
    return {};
  }

  @Get('slow')
  @GatewayRoute({ auth: 'none', timeout: '100ms' })
  async slow(): Promise<string> {
    return (await this.users.get('/hang')).text();
  }

  @Get('mixed')
  @GatewayRoute({ auth: 'none' })
  @Scopes('admin')
  mixed() {
    return {};
  }
}

@Controller('public')
@Public()
class PublicController {
  @Get()
  @GatewayRoute({ cache: {} })
  any() {
    return {};
  }
}

@Controller('guarded')
@UseGuards(JwtAuthGuard)
class GuardedController {
  @Get()
  @GatewayRoute({ cache: {} })
  any() {
    return {};
  }
}

@Controller('open')
class OpenController {
  @Get()
  @GatewayRoute({ cache: {} })
  any() {
    return {};
  }
}

@Module({
  imports: [UpstreamModule.forFeature('users')],
  controllers: [CodeController, PublicController, GuardedController],
})
class CodeModule {}

const start = (yaml: string) =>
  gateway(yaml)
    .withUpstream('users', (req, res) => (req.url === '/hang' ? undefined : res.end(req.url)))
    .withModule(CodeModule);

describe('a handler with @GatewayRoute', () => {
  const gw = start(AUTH + UPSTREAMS).startOnce();
  const status = async (path: string, headers = {}) => (await gw.fetch(path, { headers })).status;

  it('requires a credential as routes do, whatever the route with its path says', async () => {
    expect([await status('/code/default'), await status('/code/open')]).toEqual([401, 200]);
    const response = await gw.fetch('/code/default', { headers: bearer({}) });
    expect(await response.json()).toEqual({ user: 'alice', path: '/code/default' });
  });

  it('requires scopes and claims', async () => {
    expect(await status('/code/scoped')).toBe(401);
    expect(await status('/code/scoped', bearer({ scope: 'orders:read' }))).toBe(403);
    expect(await status('/code/scoped', bearer({ tenant: 'acme' }))).toBe(403);
    expect(await status('/code/scoped', bearer({ scope: 'orders:read', tenant: 'acme' }))).toBe(200);
  });

  it('works together with the decorators of single options', async () => {
    expect([await status('/code/mixed'), await status('/code/mixed', bearer({ scope: 'x' }))]).toEqual([
      401, 403,
    ]);
    expect(await status('/code/mixed', bearer({ scope: 'admin' }))).toBe(200);
    expect([await status('/public'), await status('/guarded')]).toEqual([200, 401]);
  });

  it('caches the response', async () => {
    const first: unknown = await (await gw.fetch('/code/cached')).json();
    const second = await gw.fetch('/code/cached');
    expect(second.headers.get('cache-status')).toContain('hit');
    expect(await second.json()).toEqual(first);
  });

  it('enforces maintenance and limits of the request', async () => {
    const closed = await gw.fetch('/code/closed');
    expect([closed.status, closed.headers.get('retry-after')]).toEqual([503, '90']);
    expect(await closed.json()).toMatchObject({ code: 'maintenance' });
    expect([await status('/code/limited?a=1'), await status('/code/limited?a=1&b=2')]).toEqual([200, 414]);
  });

  it('applies rate limits for each user', async () => {
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await gw.fetch('/code/counted'));
    expect(answers.map((each) => each.status)).toEqual([200, 200, 429]);
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"user";q=2;w=3600');
    expect(await answers[2]?.json()).toMatchObject({ code: 'rate_limited' });
    expect(await status('/code/counted', bearer({}))).toBe(200);
  });

  it('limits its calls to the rest of its timeout without a vote for the breaker', async () => {
    const response = await gw.fetch('/code/slow');
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'upstream_timeout', upstream: 'users' });
    const series = 'breakwater_upstream_requests_total{upstream="users",outcome="short_deadline"}';
    expect(await gw.metric(series)).toBe(1);
  });

  it('appears in the overview and in the metrics', async () => {
    const overview: unknown = await (await gw.management('/admin/overview')).json();
    expect(overview).toMatchObject({
      codeRoutes: expect.arrayContaining([
        { handler: 'CodeController.byDefault', method: 'GET', path: '/code/default', options: {} },
        expect.objectContaining({ handler: 'PublicController.any', path: '/public' }),
      ]) as unknown,
    });
    await (await gw.fetch('/code/open')).text();
    const labels = 'route="/code/open",method="GET",status="200",outcome="success"';
    expect(await gw.metric(`breakwater_requests_total{${labels}}`)).toBeGreaterThan(0);
  });
});

it('a handler with @GatewayRoute is open without a provider, unless its class applies the guard', async () => {
  const gw = await gateway(UPSTREAMS.replace(', auth: none', ''))
    .withEnv({ USERS_URL: 'http://127.0.0.1:9' })
    .withModule({ module: class OpenModule {}, controllers: [OpenController, GuardedController] })
    .start();
  expect([(await gw.fetch('/open')).status, (await gw.fetch('/guarded')).status]).toEqual([200, 401]);
});

describe('a gateway with user controllers', () => {
  const plain = (yaml: string) => gateway(yaml).withEnv({ USERS_URL: 'http://127.0.0.1:9' });
  const moduleWith = (options: CodeRouteOptions, path = 'orders/:id'): Type => {
    class OrdersController {
      list() {
        return {};
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(OrdersController.prototype, 'list')!;
    for (const decorate of [Get(path), GatewayRoute(options)])
      decorate(OrdersController.prototype, 'list', descriptor);
    Controller()(OrdersController);
    class OrdersModule {}
    Module({ controllers: [OrdersController] })(OrdersModule);
    return OrdersModule;
  };

  it('does not start with invalid options, and lists them as `breakwater check` would', async () => {
    const options = {
      cache: { ttl: 3000 },
      auth: { provider: 'mian' },
      scope: 'x',
    } as unknown as CodeRouteOptions;
    const starting = plain(AUTH + UPSTREAMS)
      .withModule(moduleWith(options))
      .start();
    await expect(starting).rejects.toThrow(
      [
        'OrdersController.list: @GatewayRoute cache.ttl: found 3000, expected a duration such as 250ms, 3s, 5m or 1h (at most 298h); did you mean `3s`?',
        'OrdersController.list: @GatewayRoute auth.provider: found "mian", expected the id of an entry of `auth` (main); did you mean `main`?',
        'OrdersController.list: @GatewayRoute scope: unknown key "scope"; did you mean `scopes`? Known here: access, maintenance, auth, cache, rateLimit, limits, plugins, priority, fault, headers, cors, securityHeaders, compression, timeout, requestTimeout, maxBodyBytes, scopes',
      ].join('\n'),
    );
  });

  it.each<[string, CodeRouteOptions]>([
    ['scopes: found `scopes` beside `auth: none`, expected one of them', { auth: 'none', scopes: ['a'] }],
    ['auth.forward: `forward` has no meaning for a handler of code', { auth: { forward: true } }],
    ['rewrite: `rewrite` has no meaning for a handler of code', { rewrite: {} } as CodeRouteOptions],
    ['plugins[0]: found "stamp", expected the id of an entry of `plugins`', { plugins: ['stamp'] }],
  ])('does not start with an option that has no effect: %s', async (message, options) => {
    const starting = plain(AUTH + UPSTREAMS)
      .withModule(moduleWith(options))
      .start();
    await expect(starting).rejects.toThrow(message);
  });

  it('refuses a reload that removes a provider which a handler names', async () => {
    const gw = await plain(AUTH + UPSTREAMS)
      .withModule(moduleWith({ auth: { provider: 'main' } }))
      .start();
    const reload = await gw.reload(UPSTREAMS);
    expect(reload).toMatchObject({
      error: expect.stringContaining('OrdersController.list') as string,
    });
  });

  it('logs which routes its controllers hide', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    const hidden = UPSTREAMS.replace(
      'routes: [',
      'routes: [{ id: order, match: { path: "/orders/{order}", methods: [GET, POST] }, upstream: users }, ',
    );
    await plain(hidden).withModule(moduleWith({})).start();
    expect(warn.mock.calls.map(([entry]) => entry as unknown)).toEqual([
      {
        message: 'a controller of code hides a route',
        handler: 'OrdersController.list',
        method: 'GET',
        path: '/orders/:id',
        route: 'order',
      },
    ]);
    warn.mockRestore();
  });
});
