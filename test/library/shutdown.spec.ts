import { createServer, type ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { spawnNode } from '../support/process.js';
import { until } from '../support/until.js';

/** An application of a user whose own provider says when it is told to end. */
const PROGRAM = `
import { NestFactory } from '@nestjs/core';
import { BreakwaterAdapter, BreakwaterModule, parseConfig } from './dist/index.js';
const { config } = parseConfig(process.env.YAML, { file: 'gateway.yaml', env: process.env, readFile: () => '' });
class AppModule {}
const imports = [BreakwaterModule.forRoot({ config, management: true })];
const app = await NestFactory.create({ module: AppModule, imports }, new BreakwaterAdapter(), { logger: false });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(JSON.stringify({ msg: 'listening', url: await app.getUrl() }));
`;

it('an application with enableShutdownHooks() finishes its requests in flight after SIGTERM', async () => {
  const held: ServerResponse[] = [];
  const url = await listen(createServer((_req, res) => held.push(res)));
  const YAML = `
server: { shutdown: { delay: 500ms, drain: 20s } }
management: { port: 0 }
upstreams: { users: { url: "${url}", timeout: 20s } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`;
  const program = spawnNode(['--input-type=module', '-e', PROGRAM], { YAML });
  const address = String((await program.json(({ msg }) => msg === 'listening'))['url']);
  const inFlight = fetch(`${address}/slow`);
  await until('the request is at the service', () => held[0]);
  program.kill('SIGTERM');
  await until('readiness says no, while requests are still taken', async () => {
    const response = await fetch(`${address}/health/ready`);
    return response.status === 503;
  });
  await until('nobody else is let in', () =>
    fetch(`${address}/health/live`).then(
      () => false,
      () => true,
    ),
  );
  held[0]?.end('finished');
  const response = await inFlight;
  expect([response.status, await response.text()]).toEqual([200, 'finished']);
  // Nest ends the process with the signal that it has got.
  expect(await program.exited).toBe('SIGTERM');
});
