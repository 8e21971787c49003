import { All, Controller, Get, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
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

const start = (...modules: (typeof WithController | typeof WithMiddleware | typeof WithCatchAll)[]) =>
  modules
    .reduce((each, module) => each.withModule(module), gateway(YAML))
    .withUpstream('users', (_req, res) => void res.end('from users'))
    .start();

describe('code beside the routes of the configuration', () => {
  it('gets what is for its controllers, and nothing that is malformed', async () => {
    const gw = await start(WithController);
    expect(await (await gw.fetch('/hello')).text()).toBe('from code');
    expect(await (await gw.fetch('/hello/again')).text()).toBe('from users');
    expect(await (await gw.fetch('/hellos')).text()).toBe('from users');
    expect((await gw.fetch('/hello%2fx')).status).toBe(400);
  });

  it('may answer everything, but nothing that is malformed', async () => {
    const gw = await start(WithCatchAll);
    expect(await (await gw.fetch('/anything')).text()).toBe('from code');
    expect((await gw.fetch('/a%2fb')).status).toBe(400);
  });

  it('has its middleware run for routes as well', async () => {
    const gw = await start(WithMiddleware);
    const response = await gw.fetch('/anything?a=1');
    expect(await response.text()).toBe('from users');
    expect(response.headers.get('x-seen')).toBe('/anything?a=1');
  });
});
