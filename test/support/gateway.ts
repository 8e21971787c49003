import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { relative } from 'node:path';
import type { DynamicModule, Type } from '@nestjs/common';
import { register } from 'prom-client';
import { beforeAll, onTestFinished } from 'vitest';
import { Gateway } from '../../src/gateway.js';
import type { GatewayConfig } from '../../src/modules/config/gateway-config.js';
import type { Reload } from '../../src/modules/config/reload/config-reloader.js';
import type { Plugin } from '../../src/modules/config/plugins/plugin.types.js';
import { parseConfig } from '../../src/modules/config/parse-config.js';
import { formatProblems } from '../../src/modules/config/problem.js';
import type { Resolver } from '../../src/modules/upstream/dns/resolver.js';
import { collectBody } from './http.js';
import { type KeepUntil, keepUntilEnd } from './process.js';

/**
 * Builds a gateway in this process, over real sockets. `start` runs it for one test, `startOnce` for all tests of a file:
 *
 *     const gw = await gateway(`upstreams: { users: { url: "\${USERS_URL}" } } ...`)
 *       .withUpstream('users', (req, res) => res.end('hi'))
 *       .start();
 *     const response = await gw.fetch('/users/1');
 */
export function gateway(yaml: string): GatewayBuilder {
  return new GatewayBuilder(yaml);
}

class GatewayBuilder {
  private readonly upstreams = new Map<string, RequestListener | Server>();
  private readonly modules: (Type | DynamicModule)[] = [];
  private readonly plugins: Plugin[] = [];
  private readonly env: Record<string, string> = {};
  private readonly files: Record<string, string> = {};
  private resolver: Resolver | undefined;
  private host = '127.0.0.1';

  constructor(private readonly yaml: string) {}

  /** Listens for an upstream, whose address is `${ID_URL}` in the YAML, with the id in upper case. */
  withUpstream(id: string, handler: RequestListener | Server): this {
    this.upstreams.set(id, handler);
    return this;
  }

  withModule(module: Type | DynamicModule): this {
    this.modules.push(module);
    return this;
  }

  withResolver(resolver: Resolver): this {
    this.resolver = resolver;
    return this;
  }

  /** Listens on another address than 127.0.0.1. */
  listeningOn(host: string): this {
    this.host = host;
    return this;
  }

  withEnv(env: Record<string, string>): this {
    Object.assign(this.env, env);
    return this;
  }

  /** Gives plugins in code, which the configuration names. */
  withPlugin(...plugins: Plugin[]): this {
    this.plugins.push(...plugins);
    return this;
  }

  /** Adds a file that the configuration names. */
  withFile(path: string, text: string): this {
    this.files[path] = text;
    return this;
  }

  /** Runs the gateway until the test ends. */
  async start(): Promise<RunningGateway> {
    const running = await this.run(onTestFinished);
    return new RunningGateway(() => running, this.env);
  }

  /**
   * Runs the gateway for all tests of the file or `describe` block that calls this. What the tests leave in it (open
   * breakers, stored responses, counters) must not matter to them.
   */
  startOnce(): RunningGateway {
    let running: Gateway | undefined;
    const keep = keepUntilEnd();
    beforeAll(async () => {
      running = await this.run(keep);
    });
    return new RunningGateway(() => {
      if (!running)
        throw new Error('The gateway is started before the first test, not while tests are collected.');
      return running;
    }, this.env);
  }

  private async run(keepUntil: KeepUntil): Promise<Gateway> {
    for (const [id, handler] of this.upstreams) {
      const server = typeof handler === 'function' ? createServer(handler) : handler;
      this.env[`${id.toUpperCase()}_URL`] = await listen(server, keepUntil);
    }
    const config = configOf(this.yaml, this.env, this.files, this.host);
    const { modules, plugins, resolver } = this;
    const running = await Gateway.start(config, { modules, plugins, logger: false, resolver });
    keepUntil(async () => {
      await running.close();
      // The registry of metrics belongs to the process, and the next test counts from zero.
      register.clear();
    });
    return running;
  }
}

export class RunningGateway {
  constructor(
    private readonly running: () => Gateway,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  get gateway(): Gateway {
    return this.running();
  }

  get url(): string {
    return this.gateway.url;
  }

  /** @returns the address of an upstream that was given to `withUpstream` */
  urlOf(id: string): string {
    return this.env[`${id.toUpperCase()}_URL`] ?? '';
  }

  /** Puts another configuration in force, with the addresses of the same upstreams. */
  reload(yaml: string): Promise<Reload> {
    return this.gateway.reload(configOf(yaml, this.env));
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** With the header that changes need. */
  management(path: string, init?: RequestInit): Promise<Response> {
    const headers = { 'X-Breakwater-Action': '1', ...(init?.headers as Record<string, string> | undefined) };
    return fetch(this.gateway.managementUrl + path, { ...init, headers });
  }

  /** @returns the value of a series such as `breakwater_breaker_state{upstream="users"}`, or 0 if it does not exist */
  async metric(series: string): Promise<number> {
    const text = await (await this.management('/metrics')).text();
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }
}

/** Parses YAML as the gateway does and sets ephemeral ports of the loopback interface. */
export function configOf(
  yaml: string,
  env: Record<string, string> = {},
  files: Readonly<Record<string, string>> = {},
  host = '127.0.0.1',
): GatewayConfig {
  const readFile = (path: string) => files[relative('', path)] ?? '';
  const result = parseConfig(yaml, { file: 'test.yaml', env, readFile });
  if (!result.ok) throw new TypeError(formatProblems('test.yaml', result.problems));
  const { config } = result;
  return {
    ...config,
    server: { ...config.server, host, port: 0 },
    management: { ...config.management, host: '127.0.0.1', port: 0 },
  };
}

/**
 * Listens on an ephemeral port.
 *
 * @param keepUntil takes the clean-up; by default it runs when the test ends
 */
export async function listen(server: Server, keepUntil: KeepUntil = onTestFinished): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A socket that a failed test left open would make this hook fail too and hide the first failure.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  keepUntil(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers with the request as JSON. */
export const echo: RequestListener = (req, res) => {
  void collectBody(req).then((body) => {
    const answer = JSON.stringify({
      method: req.method,
      url: req.url,
      headers: req.headers,
      body: body.toString(),
    });
    res.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
};
