import { Controller, Get, Module, NotFoundException, Query } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gather, GatewayRoute, InjectUpstream, UpstreamModule, UpstreamProxy } from '../../src/index.js';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", timeout: 20s, retry: { attempts: 0 } }
  orders: { url: "\${ORDERS_URL}", timeout: 20s, retry: { attempts: 0 } }
routes: []
`;

@Controller('gather')
class GatherController {
  constructor(
    @InjectUpstream('users') private readonly users: UpstreamProxy,
    @InjectUpstream('orders') private readonly orders: UpstreamProxy,
  ) {}

  @Get()
  @GatewayRoute({ cache: { ttl: '1m', per: 'public' } })
  async both(@Query('timeout') timeout = '20000'): Promise<object> {
    const { user, orders, count } = await gather(
      {
        user: async (signal) => (await this.users.get('/user', { signal })).text(),
        orders: {
          run: async (signal) => (await this.orders.get('/orders', { signal })).text(),
          fallback: null,
        },
        count: {
          run: () => Promise.reject<string>(new Error('none')),
          fallback: (error) => (error as Error).message,
        },
      },
      { timeout: Number(timeout) },
    );
    // The types follow from the parts.
    const checked: { user: string; orders: string | null; count: string } = { user, orders, count };
    return checked;
  }

  @Get('whole')
  @GatewayRoute({ cache: { ttl: '1m', per: 'public' } })
  async whole(): Promise<object> {
    return this.ordersOnly();
  }

  @Get('short')
  @GatewayRoute({ timeout: '200ms' })
  async short(): Promise<object> {
    return this.ordersOnly();
  }

  private ordersOnly(): Promise<object> {
    return gather({
      orders: {
        run: async (signal) => (await this.orders.get('/orders', { signal })).text(),
        fallback: 'away',
      },
    });
  }

  @Get('never')
  never(): Promise<object> {
    const part = { run: () => new Promise<string>(() => undefined), fallback: 'too late' };
    return gather(
      { part, 'odd name': { run: () => Promise.reject(new Error()), fallback: 0 } },
      { timeout: 50 },
    );
  }

  @Get('hanging')
  hanging(): Promise<object> {
    const user = { run: () => Promise.reject(new Error()), fallback: () => new Promise(() => undefined) };
    return gather({ user }, { timeout: 50 });
  }

  @Get('instead')
  instead(): Promise<object> {
    const fallback = async () => {
      await Promise.resolve();
      return 'in time';
    };
    return gather({ part: { run: () => new Promise<string>(() => undefined), fallback } }, { timeout: 50 });
  }

  @Get('refused')
  refused(): Promise<object> {
    const fallback = (error: unknown): never => {
      throw error;
    };
    return gather({ part: { run: () => Promise.reject(new NotFoundException('gone')), fallback } });
  }
}

const imports = [UpstreamModule.forFeature('users'), UpstreamModule.forFeature('orders')];

@Module({ imports, controllers: [GatherController] })
class GatherModule {}

/** Services that hold what they are asked until the test answers. */
async function start() {
  const held = { users: [] as ServerResponse[], orders: [] as ServerResponse[] };
  const gw = await gateway(YAML)
    .withUpstream('users', (_req, res) => held.users.push(res))
    .withUpstream('orders', (_req, res) => held.orders.push(res))
    .withModule(GatherModule)
    .start();
  const both = () => until('both are asked', () => held.users.length > 0 && held.orders.length > 0);
  return { gw, held, both };
}

describe('gather', () => {
  it('makes its calls concurrently, and names the parts that a fallback replaced', async () => {
    const { gw, held, both } = await start();
    const answer = gw.fetch('/gather');
    await both();
    held.users[0]?.end('alice');
    held.orders[0]?.end('two');
    const response = await answer;
    expect(response.headers.get('breakwater-partial')).toBe('count');
    expect(await response.json()).toEqual({ user: 'alice', orders: 'two', count: 'none' });
  });

  it('responds without a part whose upstream fails, and does not store the response', async () => {
    const { gw, held } = await start();
    const failing = gw.fetch('/gather/whole');
    await until('orders are asked', () => held.orders[0]);
    held.orders[0]?.destroy();
    const partial = await failing;
    expect(partial.headers.get('breakwater-partial')).toBe('orders');
    expect(await partial.json()).toEqual({ orders: 'away' });
    const working = gw.fetch('/gather/whole');
    await until('orders are asked again', () => held.orders[1]);
    held.orders[1]?.end('two');
    const whole = await working;
    expect(whole.headers.has('breakwater-partial')).toBe(false);
    expect(await whole.json()).toEqual({ orders: 'two' });
    expect((await gw.fetch('/gather/whole')).headers.get('cache-status')).toContain('hit');
  });

  it('has one deadline, its own or that of the handler, without a vote for the breaker', async () => {
    const { gw, held, both } = await start();
    const late = gw.fetch('/gather?timeout=3000');
    await both();
    held.users[0]?.end('alice');
    expect(await (await late).json()).toMatchObject({ user: 'alice', orders: null });
    expect(await (await gw.fetch('/gather/short')).json()).toEqual({ orders: 'away' });
    expect(await gw.metric('breakwater_upstream_requests_total{upstream="orders",outcome="deadline"}')).toBe(
      0,
    );
  });

  it('does not wait for a part that ignores the deadline', async () => {
    const { gw } = await start();
    const response = await gw.fetch('/gather/never');
    expect(await response.json()).toEqual({ part: 'too late', 'odd name': 0 });
    expect(response.headers.get('breakwater-partial')).toBe('"odd%20name", part');
  });

  it('does not wait for a fallback that ignores the deadline', async () => {
    const { gw } = await start();
    const response = await gw.fetch('/gather/hanging');
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({
      code: 'upstream_timeout',
      detail: 'The fallback of the part user did not end in time.',
    });
  });

  it('uses the fallback of a part that took all the time', async () => {
    const { gw } = await start();
    const response = await gw.fetch('/gather/instead');
    expect(await response.json()).toEqual({ part: 'in time' });
  });

  it('fails when a required part fails, and cancels the other parts', async () => {
    const { gw, held, both } = await start();
    const answer = gw.fetch('/gather');
    await both();
    held.users[0]?.destroy();
    const response = await answer;
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_reset', upstream: 'users' });
    await until('the other call has ended', () => held.orders[0]?.destroyed);
  });

  it('fails with the error that a fallback throws', async () => {
    const { gw } = await start();
    const response = await gw.fetch('/gather/refused');
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ message: 'gone' }),
    ]);
  });

  it('cancels its calls when the client leaves', async () => {
    const { gw, held, both } = await start();
    const controller = new AbortController();
    const answer = gw.fetch('/gather', { signal: controller.signal }).catch(() => undefined);
    await both();
    controller.abort();
    await answer;
    await until('both calls have ended', () => held.users[0]?.destroyed && held.orders[0]?.destroyed);
  });
});
