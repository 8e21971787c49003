import { Controller, Get, Module } from '@nestjs/common';
import { expect, it } from 'vitest';
import { AuthModule, RateLimit, RateLimitModule, Scopes } from '../../src/index.js';
import { gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';

@Controller('things')
@RateLimit({ requests: 6, per: '1h', key: 'ip' })
class ThingsController {
  @Get('free')
  free() {
    return {};
  }

  @Get('mine')
  @RateLimit({ requests: 2, per: '1m' })
  @Scopes()
  mine() {
    return {};
  }
}

@Controller('others')
class OthersController {
  @Get()
  @RateLimit({ requests: 3, per: '1m', key: 'ip' })
  @RateLimit({ requests: 2, per: '1h', key: 'route' })
  all() {
    return {};
  }
}

@Module({ imports: [AuthModule, RateLimitModule], controllers: [ThingsController, OthersController] })
class ThingsModule {}

it('limits user handlers, with the headers and answers of routes', async () => {
  const gw = await gateway(`auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }`)
    .withModule(ThingsModule)
    .start();
  const mine = (sub: string) => gw.fetch('/things/mine', { headers: bearer({ sub }) });
  const first = await mine('alice');
  expect(first.status).toBe(200);
  expect(first.headers.get('ratelimit-policy')).toBe('"ip";q=6;w=3600, "user";q=2;w=60');
  expect(first.headers.get('ratelimit')).toMatch(/^"ip";r=5;t=\d+, "user";r=1;t=\d+$/);
  expect((await mine('alice')).status).toBe(200);
  const refused = await mine('alice');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('ratelimit')).toMatch(/^"ip";r=3;t=\d+, "user";r=0;t=\d+$/);
  expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
  expect((await mine('bob')).status).toBe(200);
  expect((await gw.fetch('/things/free')).status).toBe(200);
  expect((await gw.fetch('/things/free')).status).toBe(200);
  expect((await gw.fetch('/things/free')).status).toBe(429);
});

it('applies the limits of two decorators on one handler', async () => {
  const gw = await gateway('{}').withModule(ThingsModule).start();
  const { headers } = await gw.fetch('/others');
  expect(headers.get('ratelimit-policy')).toBe('"route";q=2;w=3600, "ip";q=3;w=60');
  expect(headers.get('ratelimit')).toMatch(/^"route";r=1;t=\d+, "ip";r=2;t=\d+$/);
});

it('refuses invalid options', () => {
  expect(() => RateLimit({ requests: 0, per: '1m' })).toThrow(
    '@RateLimit: requests: a whole number from 1 to 1000000',
  );
});
