import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { register } from 'prom-client';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Gateway } from '../../src/gateway.js';
import type { GatewayConfig, RouteConfig } from '../../src/modules/config/gateway-config.js';
import { parseConfig } from '../../src/modules/config/parse-config.js';
import { ask } from '../support/http.js';
import { snippets } from './snippets.js';

/** It stands for every upstream and issuer. */
const stub = createServer((req, res) => {
  req.resume();
  res.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[]}');
});

beforeAll(() => new Promise<void>((resolve) => stub.listen(0, '0.0.0.0', resolve)));
afterAll(() => {
  stub.close();
  stub.closeAllConnections();
});

const entries = Object.entries as <T>(record: Readonly<Record<string, T>>) => [string, T][];

/** @returns the configuration with everything that it calls on loopback, each target under an address of its own */
function onLoopback(config: GatewayConfig): GatewayConfig {
  const { port } = stub.address() as AddressInfo;
  let count = 0;
  const url = () => `http://127.0.1.${++count}:${port}`;
  const upstreams = entries(config.upstreams).map(([id, upstream]) => [
    id,
    { ...upstream, targets: upstream.targets.map((target) => ({ ...target, url: url() })) },
  ]);
  const auth = entries(config.auth).map(([id, provider]) => [
    id,
    {
      ...provider,
      ...((provider.jwksUri ?? provider.issuer) !== undefined && { jwksUri: url() }),
      ...(provider.introspection && { introspection: { ...provider.introspection, url: url() } }),
    },
  ]);
  return {
    ...config,
    server: { ...config.server, host: '127.0.0.1', port: 0, tls: undefined },
    management: { ...config.management, host: '127.0.0.1', port: 0 },
    tracing: { ...config.tracing, endpoint: '' },
    redis: { ...config.redis, url: '' },
    auth: Object.fromEntries(auth) as GatewayConfig['auth'],
    upstreams: Object.fromEntries(upstreams) as GatewayConfig['upstreams'],
  };
}

/** @returns the code of the problem that a request to a route is answered with; `undefined` for another answer */
async function codeOf(gateway: Gateway, { match }: RouteConfig): Promise<string | undefined> {
  const path = match.path.replace('/**', '/1').replaceAll(/\{\w+\}/g, '1');
  const host = match.hosts[0]?.replace('*', 'a') ?? 'gateway.test';
  const { body } = await ask(gateway.url + path, { host, ...match.headers }, match.methods[0]);
  return /^\{.*"code":"(\w+)"/.exec(body)?.[1];
}

// Files that a configuration names are checked in snippets.spec.ts, and plugins in plugins.spec.ts.
const complete = snippets('yaml').flatMap(({ text, place }) => {
  const result = parseConfig(text, { file: place, env: {}, readFile: () => '' });
  const isRun =
    result.ok && result.config.routes.length > 0 && Object.keys(result.config.plugins).length === 0;
  return isRun ? [{ place, config: result.config }] : [];
});

it('finds configurations that can be run', () => {
  expect(complete.length).toBeGreaterThan(30);
});

it.each(complete)(
  '$place starts a gateway that takes requests for each of its routes',
  async ({ config }) => {
    const gateway = await Gateway.start(onLoopback(config), { logger: false });
    onTestFinished(async () => {
      await gateway.close();
      register.clear();
    });
    for (const route of config.routes)
      expect(['no_route', 'method_not_allowed', 'internal_error']).not.toContain(
        await codeOf(gateway, route),
      );
  },
);
