import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { spawnNode } from '../support/process.js';
import { until } from '../support/until.js';

/** A program such as that of the README. */
const PROGRAM = `
import { Gateway, parseConfig } from './dist/index.js';
const { config } = parseConfig(process.env.YAML, { file: 'gateway.yaml', env: process.env, readFile: () => '' });
const gateway = await Gateway.start(config, {
  logger: false,
  beforeListen: async (app) => {
    await Promise.resolve();
    console.log(JSON.stringify({ msg: 'hook', isListening: app.getHttpServer().listening }));
  },
});
gateway.shutDownOnSignals();
console.log(JSON.stringify({ msg: 'listening', url: gateway.url }));
`;

describe('a program of the user that starts a gateway', () => {
  it('calls its hook before it listens, and finishes requests in flight after SIGTERM', async () => {
    const held: ServerResponse[] = [];
    const url = await listen(createServer((_req, res) => held.push(res)));
    const YAML = `
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s, drain: 20s } }
management: { port: 0 }
upstreams: { users: { url: "${url}", timeout: 20s } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`;
    const program = spawnNode(['--input-type=module', '-e', PROGRAM], { YAML });
    expect(await program.json(({ msg }) => msg === 'hook')).toMatchObject({ isListening: false });
    const listening = await program.json(({ msg }) => msg === 'listening');
    const inFlight = fetch(`${String(listening['url'])}/slow`);
    await until('the request is at the service', () => held[0]);
    program.kill('SIGTERM');
    await until('nobody else is let in', () =>
      fetch(`${String(listening['url'])}/health/live`).then(
        () => false,
        () => true,
      ),
    );
    held[0]?.end('finished');
    expect(await (await inFlight).text()).toBe('finished');
    expect(await program.exited).toBe(0);
  });
});
