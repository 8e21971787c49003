import {
  All,
  Controller,
  Get,
  Logger,
  type MiddlewareConsumer,
  Module,
  type NestModule,
} from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { gateway } from '../support/gateway.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: all, match: { path: /** }, upstream: users }
`;

@Controller('hello')
class HelloController {
  @Get()
  hello(): string {
    return 'from code';
  }
}

@Controller()
class EverythingController {
  @All('{*path}')
  everything(): string {
    return 'from code';
  }
}

@Module({ controllers: [EverythingController] })
class WithCatchAll {}

@Module({ controllers: [HelloController] })
class WithController {}

@Module({})
class WithMiddleware implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply((req: Request, res: Response, next: NextFunction) => {
        res.setHeader('X-Seen', req.originalUrl);
        next();
      })
      .forRoutes('{*path}');
  }
}

@Module({})
class WithPublicPages implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(
        (_req: Request, res: Response) =>
          void res.setHeader('Cache-Control', 'public').end('from middleware'),
      )
      .forRoutes('static/{*path}');
  }
}

const start = (...modules: (typeof WithController | typeof WithMiddleware | typeof WithCatchAll)[]) =>
  modules
    .reduce((each, module) => each.withModule(module), gateway(YAML))
    .withUpstream('users', (_req, res) => void res.end('from users'))
    .start();

afterEach(() => vi.restoreAllMocks());

describe('user code beside the routes of the configuration', () => {
  it('gets the requests for its controllers except malformed requests', async () => {
    const gw = await start(WithController);
    expect(await (await gw.fetch('/hello')).text()).toBe('from code');
    expect(await (await gw.fetch('/hello/again')).text()).toBe('from users');
    expect(await (await gw.fetch('/hellos')).text()).toBe('from users');
    expect((await gw.fetch('/hello%2fx')).status).toBe(400);
  });

  it('can answer every request except malformed requests', async () => {
    const gw = await start(WithCatchAll);
    expect(await (await gw.fetch('/anything')).text()).toBe('from code');
    expect((await gw.fetch('/a%2fb')).status).toBe(400);
  });

  it('runs its middleware for configured routes too', async () => {
    const gw = await start(WithMiddleware);
    const response = await gw.fetch('/anything?a=1');
    expect(await response.text()).toBe('from users');
    expect(response.headers.get('x-seen')).toBe('/anything?a=1');
  });

  it('sends Vary: Origin with responses of its middleware when CORS depends on the origin', async () => {
    const gw = await gateway(`server: { cors: { origins: [https://app.example] } }${YAML}`)
      .withModule(WithPublicPages)
      .withUpstream('users', (_req, res) => void res.end('from users'))
      .start();
    for (const [path, body] of [
      ['/static/1', 'from middleware'],
      ['/1', 'from users'],
    ] as const)
      for (const headers of [{}, { origin: 'https://app.example' }, { origin: 'https://other.example' }]) {
        const response = await gw.fetch(path, { headers });
        expect([await response.text(), response.headers.get('vary')]).toEqual([body, 'Origin']);
      }
  });
});

describe("Express's router", () => {
  /** Sends a request and says whether the router handled it, and what was logged at start. */
  async function routed(path: string, ...modules: Parameters<typeof start>) {
    const warnings = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const gw = await start(...modules);
    const handle = vi.spyOn(
      gw.gateway.app.getHttpAdapter().getInstance() as { handle: () => void },
      'handle',
    );
    expect((await gw.fetch(path)).status).toBe(200);
    const log = warnings.mock.calls.map(([message]) => String(message));
    return { isRouted: handle.mock.calls.length > 0, log };
  }

  it('is bypassed for a configured route', async () => {
    expect(await routed('/users')).toEqual({ isRouted: false, log: [] });
    expect(await routed('/users', WithController)).toEqual({ isRouted: false, log: [] });
  });

  it("is asked for a path that a user's controller can match", async () => {
    expect(await routed('/hello', WithController)).toEqual({ isRouted: true, log: [] });
    expect(await routed('/health')).toEqual({ isRouted: true, log: [] });
  });

  it.each([
    ['a middleware', WithMiddleware, /Express's router.*the middleware/],
    ['a route that begins with a parameter', WithCatchAll, /Express's router.*the route \/\{\*path\}/],
  ])('is asked for every request when it has %s, and the log reports it', async (_, module, message) => {
    const { isRouted, log } = await routed('/users', module);
    expect(isRouted).toBe(true);
    expect(log).toEqual([expect.stringMatching(message)]);
  });
});
