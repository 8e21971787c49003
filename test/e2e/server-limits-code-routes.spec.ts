import { Controller, Get, Module, Next, Param, Res, Sse, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Response } from 'express';
import { NEVER, startWith } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AuthModule, GatewayRoute, JwtAuthGuard, Public, RateLimit, Scopes } from '../../src/index.js';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

/** Calls of handlers that never answer. */
let hanging = 0;

function hangs(): Promise<never> {
  hanging++;
  return new Promise(() => {});
}

/** Later, where an error would have no handler. */
function writeStream(res: Response): void {
  setImmediate(() => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.write('data: first\n\n');
  });
}

@Controller('plain')
class PlainController {
  @Get(':id')
  read(@Param('id') id: string) {
    return id === 'slow' ? hangs() : { id };
  }
}

@Controller('mine')
class MineController {
  @Get()
  @Scopes()
  read() {
    return {};
  }

  @Get('slow')
  @GatewayRoute({ limits: { requestsPerUser: 1 } })
  slow() {
    return hangs();
  }

  @Get('limited')
  @RateLimit({ requests: 9, per: '1h', key: 'route' })
  @Scopes()
  limited() {
    return {};
  }

  @Get('by-hand')
  @UseGuards(JwtAuthGuard)
  byHand(@Res() res: Response) {
    writeStream(res);
  }

  @Get('by-hand/route')
  @GatewayRoute({ headers: { response: { set: { 'x-a': '1' } } } })
  byHandOfRoute(@Res() res: Response) {
    writeStream(res);
  }

  @Sse('events')
  @UseGuards(JwtAuthGuard)
  events() {
    return NEVER.pipe(startWith({ data: 'first' }));
  }
}

@Controller('passed')
class PassingController {
  @Get('{*path}')
  first(@Next() next: () => void) {
    next();
  }

  @Get('on')
  second(@Next() next: () => void) {
    next();
  }
}

@Module({ imports: [AuthModule], controllers: [PlainController, MineController, PassingController] })
class CodeModule {}

@Controller('open')
class OpenController {
  @Get()
  @Public()
  read() {
    return {};
  }
}

@Module({
  imports: [AuthModule, CodeModule],
  controllers: [OpenController],
  providers: [{ provide: APP_GUARD, useExisting: JwtAuthGuard }],
})
class GuardedModule {}

const start = (server: string) =>
  gateway(`
server: { ${server} }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: all, match: { path: /** }, upstream: users, auth: none, rateLimit: { requests: 1, per: 1h, key: route } }]`)
    .withUpstream('users', (_req, res) => void res.end('routed'))
    .withModule(CodeModule)
    .start();

const statuses = async (gw: RunningGateway, paths: readonly string[], headers = {}) => {
  const result: number[] = [];
  for (const path of paths) result.push((await gw.fetch(path, { headers })).status);
  return result;
};

describe('server.rateLimit', () => {
  it('counts user handlers together with routes, and not the health pages', async () => {
    const gw = await start('rateLimit: { requests: 4, per: 1h, key: ip }');
    expect(await statuses(gw, ['/health', '/health/live', '/health/ready'])).toEqual([200, 200, 200]);
    const first = await gw.fetch('/plain/1');
    expect(first.headers.get('ratelimit-policy')).toBe('"server-ip";q=4;w=3600');
    expect(first.headers.get('ratelimit')).toMatch(/^"server-ip";r=3;t=\d+$/);
    // The limit of the route that has the path of a handler, too, is not the handler's.
    expect(await statuses(gw, ['/plain/2', '/routed', '/mine', '/plain/3'])).toEqual([200, 200, 401, 429]);
    const refused = await gw.fetch('/plain/4');
    expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    const labels = '{route="/plain/:id",key="ip",mode="enforce"}';
    expect(await gw.metric(`breakwater_ratelimit_rejections_total${labels}`)).toBe(2);
    expect((await gw.fetch('/health')).status).toBe(200);
  });

  it('counts users after a guard of the handler identified them, and others by address', async () => {
    const gw = await start('rateLimit: { requests: 2, per: 1h, key: user }');
    const alice = bearer({ sub: 'alice' });
    // What authentication refuses does not count.
    expect(await statuses(gw, ['/mine', '/mine', '/mine'])).toEqual([401, 401, 401]);
    expect(await statuses(gw, ['/mine', '/mine/limited', '/mine'], alice)).toEqual([200, 200, 429]);
    expect(await statuses(gw, ['/mine'], bearer({ sub: 'bob' }))).toEqual([200]);
    expect(await statuses(gw, ['/plain/1', '/plain/2', '/plain/3'], alice)).toEqual([200, 200, 429]);
  });

  it.each(['ip', 'user'])('counts a request by %s once that user handlers pass on', async (key) => {
    const gw = await start(`rateLimit: { requests: 2, per: 1h, key: ${key} }`);
    const first = await gw.fetch('/passed/on');
    expect([first.status, await first.text()]).toEqual([200, 'routed']);
    expect(first.headers.get('ratelimit')).toMatch(
      new RegExp(`^"server-${key}";r=1;t=\\d+, "route";r=0;t=\\d+$`),
    );
    // The limit of the route applies as well.
    expect(await statuses(gw, ['/passed/on', '/plain/1'])).toEqual([429, 429]);
  });

  it('adds its headers to those of the handler', async () => {
    const gw = await start('rateLimit: { requests: 2, per: 1h, key: user }');
    const response = await gw.fetch('/mine/limited', { headers: bearer({ sub: 'alice' }) });
    expect(response.headers.get('ratelimit')).toMatch(/^"route";r=8;t=\d+, "server-user";r=1;t=\d+$/);
  });

  it('counts users that a global guard identified', async () => {
    const gw = await gateway(`
server: { rateLimit: { requests: 2, per: 1h, key: user } }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }`)
      .withModule(GuardedModule)
      .start();
    const alice = bearer({ sub: 'alice' });
    expect(await statuses(gw, ['/plain/1', '/plain/2', '/plain/3'], alice)).toEqual([200, 200, 429]);
    expect(await statuses(gw, ['/plain/1'], bearer({ sub: 'bob' }))).toEqual([200]);
    expect(await statuses(gw, ['/open', '/open', '/open'])).toEqual([200, 200, 429]);
  });
});

describe('server.limits', () => {
  /** @returns once a handler has the request */
  const hang = async (gw: RunningGateway, path: string, headers = {}) => {
    const before = hanging;
    const leaving = new AbortController();
    void gw.fetch(path, { headers, signal: leaving.signal }).catch(() => {});
    await until('a handler has it', () => hanging > before);
    return leaving;
  };

  it('counts requests of an address to user handlers, until they are gone', async () => {
    const gw = await start('limits: { requestsPerIp: 1 }');
    const leaving = await hang(gw, '/plain/slow');
    expect((await gw.fetch('/plain/1')).status).toBe(429);
    expect((await gw.fetch('/health')).status).toBe(200);
    const rejections = 'breakwater_concurrency_rejections_total{route="/plain/:id",limit="requestsPerIp"}';
    expect(await gw.metric(rejections)).toBe(1);
    leaving.abort();
    await until('its place is free', async () => (await gw.fetch('/plain/1')).status === 200);
  });

  it('counts requests of a user, and separately those to a handler with its own limit', async () => {
    const gw = await start('limits: { requestsPerUser: 2 }');
    const alice = bearer({ sub: 'alice' });
    await hang(gw, '/mine/slow', alice);
    expect((await gw.fetch('/mine/slow', { headers: alice })).status).toBe(429);
    await hang(gw, '/mine/slow', bearer({ sub: 'bob' }));
    expect((await gw.fetch('/mine', { headers: alice })).status).toBe(200);
  });

  it.each(['requestsPerIp', 'requestsPerUser'])(
    '%s counts a request once that user handlers pass on',
    async (limit) => {
      const gw = await start(`limits: { ${limit}: 1 }`);
      const response = await gw.fetch('/passed/on');
      expect([response.status, await response.text()]).toEqual([200, 'routed']);
    },
  );

  it.each(['/mine/by-hand', '/mine/by-hand/route'])(
    'counts event streams that handlers write by hand: %s',
    async (path) => {
      const gw = await start('limits: { streamsPerUser: 1, requestsPerUser: 1 }');
      const headers = bearer({ sub: 'alice' });
      const stream = await gw.fetch(path, { headers });
      expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
      expect((await gw.fetch('/mine', { headers })).status).toBe(200);
      const refused = await gw.fetch(path, { headers });
      expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'too_many_concurrent' }]);
      await stream.body?.cancel();
      await until('its place is free', async () => {
        const next = await gw.fetch(path, { headers });
        await next.body?.cancel();
        return next.status === 200;
      });
    },
  );

  it('counts event streams of handlers, which are no requests of the user once they are open', async () => {
    const gw = await start('limits: { streamsPerUser: 2, requestsPerUser: 1 }');
    const headers = bearer({ sub: 'alice' });
    const streams = [
      await gw.fetch('/mine/events', { headers }),
      await gw.fetch('/mine/events', { headers }),
    ];
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    expect((await gw.fetch('/mine', { headers })).status).toBe(200);
    const refused = await gw.fetch('/mine/events', { headers });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'too_many_concurrent' });
    const other = await gw.fetch('/mine/events', { headers: bearer({ sub: 'bob' }) });
    expect(other.status).toBe(200);
    await streams[0]?.body?.cancel();
    await until('its place is free', async () => {
      const next = await gw.fetch('/mine/events', { headers });
      await next.body?.cancel();
      return next.status === 200;
    });
    await streams[1]?.body?.cancel();
    await other.body?.cancel();
  });
});
