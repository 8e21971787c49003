import { Controller, Get, Module, NotFoundException } from '@nestjs/common';
import { expect, it } from 'vitest';
import { InjectUpstream, ProblemError, UpstreamModule, UpstreamProxy } from '../../src/index.js';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';

@Controller('code')
class FailingController {
  constructor(@InjectUpstream('users') private readonly users: UpstreamProxy) {}

  @Get('bug')
  bug(): never {
    throw new TypeError('unforeseen');
  }

  @Get('upstream')
  async callUpstream(): Promise<string> {
    return (await this.users.get('/')).text();
  }

  @Get('refusal')
  refuse(): never {
    throw new ProblemError('insufficient_scope');
  }

  @Get('answer')
  answer(): never {
    throw new NotFoundException();
  }
}

@Module({ imports: [UpstreamModule.forFeature('users')], controllers: [FailingController] })
class FailingModule {}

it('an error that a controller throws has the outcome of the party that caused it', async () => {
  const gw = await gateway(`
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes: [{ id: all, match: { path: /** }, upstream: users }]`)
    .withEnv({ USERS_URL: await closedPort() })
    .withModule(FailingModule)
    .start();
  const expected = {
    bug: [500, 'gateway_error'],
    upstream: [502, 'connect_failed'],
    refusal: [403, 'rejected'],
    answer: [404, 'success'],
  };
  for (const [path, [status, outcome]] of Object.entries(expected)) {
    const response = await gw.fetch(`/code/${path}`);
    await response.text();
    const labels = `route="/code/${path}",method="GET",status="${response.status}",outcome="${outcome}"`;
    expect([path, response.status]).toEqual([path, status]);
    expect([path, await gw.metric(`breakwater_requests_total{${labels}}`)]).toEqual([path, 1]);
  }
});
