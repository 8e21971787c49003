import { Controller, Get, Inject, Module } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { describe, expect, it } from 'vitest';
import {
  InjectUpstream,
  InjectUpstreamHealth,
  UpstreamHealthIndicator,
  UpstreamModule,
  UpstreamProxy,
} from '../../src/index.js';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 1 } }
  orders: { url: "\${USERS_URL}" }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;

@Controller('mine')
class MineController {
  constructor(
    @InjectUpstream('users') private readonly users: UpstreamProxy,
    @InjectUpstreamHealth('users') private readonly usersHealth: UpstreamHealthIndicator,
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
  ) {}

  @Get('greeting')
  async greeting(): Promise<string> {
    return `hello ${await (await this.users.get('/name')).text()}`;
  }

  @Get('health')
  @HealthCheck()
  tolerant(): Promise<HealthCheckResult> {
    return this.health.check([() => this.usersHealth.check('users-service')]);
  }

  @Get('ready')
  @HealthCheck()
  dependent(): Promise<HealthCheckResult> {
    return this.health.check([() => this.usersHealth.isHealthy()]);
  }
}

@Module({ imports: [TerminusModule, UpstreamModule.forFeature('users')], controllers: [MineController] })
class MineModule {}

@Module({ imports: [UpstreamModule.forFeature('user')] })
class MistakenModule {}

const withUsers = () =>
  gateway(YAML)
    .withUpstream('users', (req, res) => void res.end(req.url))
    .withModule(MineModule)
    .start();

const withoutUsers = async () =>
  gateway(YAML)
    .withEnv({ USERS_URL: await closedPort() })
    .withModule(MineModule)
    .start();

describe('UpstreamModule.forFeature', () => {
  it('makes the proxy of its upstream injectable, and counts its calls', async () => {
    const gw = await withUsers();
    expect(await (await gw.fetch('/mine/greeting')).text()).toBe('hello /name');
    expect(await gw.metric('breakwater_upstream_requests_total{upstream="users",outcome="success"}')).toBe(1);
  });

  it('shares the breaker with the routes', async () => {
    const gw = await withoutUsers();
    expect((await gw.fetch('/users/1')).status).toBe(502);
    const response = await gw.fetch('/mine/greeting');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'breaker_open', upstream: 'users' });
  });

  it('fails the start for an unknown upstream, and lists the known upstreams', async () => {
    const starting = gateway(YAML)
      .withEnv({ USERS_URL: await closedPort() })
      .withModule(MistakenModule)
      .start();
    await expect(starting).rejects.toThrow(
      'The configuration has no upstream "user". Its upstreams are: users, orders.',
    );
  });
});

describe('the health indicator of an upstream', () => {
  it('is up while the breaker is closed', async () => {
    const gw = await withUsers();
    const response = await gw.fetch('/mine/health');
    expect(await response.json()).toMatchObject({
      status: 'ok',
      details: { 'users-service': { status: 'up', breaker: 'closed', targets: '1/1' } },
    });
    expect((await gw.fetch('/mine/ready')).status).toBe(200);
  });

  it('is degraded or down while the breaker is open, as the check asks', async () => {
    const gw = await withoutUsers();
    await gw.fetch('/users/1');
    const tolerant = await gw.fetch('/mine/health');
    expect(tolerant.status).toBe(200);
    expect(await tolerant.json()).toMatchObject({
      status: 'degraded',
      details: { 'users-service': { status: 'degraded', breaker: 'open', lastFailures: [{}] } },
    });
    const dependent = await gw.fetch('/mine/ready');
    expect(dependent.status).toBe(503);
    expect(await dependent.json()).toMatchObject({
      status: 'error',
      details: { users: { status: 'down', breaker: 'open' } },
    });
  });
});
