import { Controller, Get, Module, Next, NotFoundException, Param, UseInterceptors } from '@nestjs/common';
import type { NextFunction } from 'express';
import { expect, it } from 'vitest';
import { AuthModule, MetricsInterceptor, MetricsModule, Scopes } from '../../src/index.js';
import { gateway } from '../support/gateway.js';
import { SECRET } from '../support/tokens.js';

@Controller('greetings')
class GreetingController {
  @Get(':id')
  @UseInterceptors(MetricsInterceptor)
  greet(@Param('id') id: string): string {
    if (id === 'nobody') throw new NotFoundException();
    return `Hello ${id}`;
  }

  @Get(':id/secret')
  @Scopes('secrets')
  @UseInterceptors(MetricsInterceptor)
  secret(): string {
    return 'hush';
  }

  @Get(':id/elsewhere')
  pass(@Next() next: NextFunction): void {
    next();
  }
}

@Module({ imports: [AuthModule, MetricsModule], controllers: [GreetingController] })
class GreetingModule {}

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: all, match: { path: /greetings/** }, upstream: users, auth: none }]
`;

it('labels a request to a user controller with the path of its handler', async () => {
  const gw = await gateway(YAML)
    .withUpstream('users', (_req, res) => void res.end('from the upstream'))
    .withModule(GreetingModule)
    .start();
  const paths = {
    '/greetings/alice': 200,
    '/greetings/bob?loud=true': 200,
    '/greetings/nobody': 404,
    '/greetings/alice/secret': 401,
    '/greetings/alice/elsewhere': 200,
    '/greetings': 200,
    '/greetings%2falice': 400,
    '/nowhere': 404,
    '/health/live': 200,
  };
  for (const [path, status] of Object.entries(paths)) {
    const response = await gw.fetch(path);
    expect([path, response.status]).toEqual([path, status]);
    await response.text();
  }
  const text = await (await gw.management('/metrics')).text();
  const counts = text.matchAll(/^breakwater_requests_total\{route="([^"]*)",.*status="(\d+)",.*\} (\d+)$/gm);
  expect([...counts].map(([, ...each]) => each.join(' ')).toSorted()).toEqual([
    '/greetings/:id 200 2',
    '/greetings/:id 404 1',
    // A guard refused it, so no interceptor has seen it.
    '/greetings/:id/secret 401 1',
    '/health/live 200 1',
    // The handler passed one of them on, and the other has no handler.
    'all 200 2',
    'none 400 1',
    'none 404 1',
  ]);
  expect(text).toMatch(
    /^breakwater_request_duration_seconds_count\{route="\/greetings\/:id",method="GET"\} 3$/m,
  );
  // Errors count. Handlers that a guard did not let run, and those without the interceptor, do not.
  const handlers = text.matchAll(/^breakwater_handler_duration_seconds_count\{(.*)\} (\d+)$/gm);
  expect([...handlers].map(([, ...each]) => each.join(' '))).toEqual(['route="/greetings/:id" 3']);
});
