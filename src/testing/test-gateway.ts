import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { DynamicModule, Type } from '@nestjs/common';
import { register } from 'prom-client';
import type { Clock } from '../common/clock.js';
import type { Outcome } from '../common/errors/outcomes.js';
import { Gateway } from '../gateway.js';
import { issueToken } from '../modules/auth/issue-token.js';
import type { GatewayConfig } from '../modules/config/gateway-config.js';
import type { Plugin } from '../modules/config/plugins/plugin.types.js';
import { parseConfig } from '../modules/config/parse-config.js';
import { formatProblems } from '../modules/config/problem.js';
import type { Exchange } from '../modules/routing/exchange.js';
import { ExchangeMiddleware } from '../modules/routing/exchange.middleware.js';
import type { BreakerState } from '../modules/upstream/breaker/breaker.types.js';
import { UpstreamRegistry } from '../modules/upstream/upstream.registry.js';
import { StubUpstream } from './stub-upstream.js';

/** Milliseconds that a test waits for an exchange. */
const EXCHANGE_TIMEOUT = 5_000;

export interface TestGatewayOptions {
  /** A configuration; the address of each stub is `${ID_URL}`, with its id in upper case and `_` for `-`. */
  readonly yaml: string;
  /** By the ids of upstreams. */
  readonly upstreams?: Readonly<Record<string, StubUpstream>>;
  readonly modules?: readonly (Type | DynamicModule)[];
  /** Plugins that the configuration names. */
  readonly plugins?: readonly Plugin[];
  /** Of `testClock`. Default: the machine's. */
  readonly clock?: Clock;
  /** Variables of the configuration. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface TestRequest extends RequestInit {
  /** Calls with a token of this user, from the first provider of the configuration that has a secret. */
  readonly user?: string;
  /** Scopes of that token, separated by spaces. */
  readonly scopes?: string;
  /** Calls with this token. */
  readonly token?: string;
}

/** What has become of a request. */
export interface ExchangeSummary {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly outcome: Outcome | undefined;
  readonly tries: number;
  /** As in the access log: `hit`, `stale`, `revalidated`, `miss`, `forward` or `bypass`. */
  readonly cache: string | undefined;
  readonly fallback: 'upstream' | 'plugin' | 'response' | undefined;
  /** State of the breaker of the upstream that the outcome is about, when it ended. */
  readonly breaker: BreakerState | undefined;
}

/**
 * Starts a gateway in this process, on a port of the loopback interface.
 *
 * @throws TypeError with every problem of an invalid configuration
 */
export async function testGateway(options: TestGatewayOptions): Promise<TestGateway> {
  const { yaml, upstreams = {}, modules, plugins, clock } = options;
  const env: Record<string, string> = { ...options.env };
  for (const [id, stub] of Object.entries(upstreams)) {
    await stub.start();
    env[`${id.toUpperCase().replaceAll('-', '_')}_URL`] = stub.url;
  }
  const stubs = Object.values(upstreams);
  try {
    const config = configOf(yaml, env);
    const gateway = await Gateway.start(config, { modules, plugins, logger: false, clock });
    return new TestGateway(gateway, config, stubs);
  } catch (error) {
    await Promise.all(stubs.map((stub) => stub.refuse()));
    throw error;
  }
}

/** A running gateway with its stubs. */
export class TestGateway {
  /** Requests whose responses have closed, oldest first. */
  readonly exchanges: ExchangeSummary[] = [];
  private readonly finished = new EventTarget();

  constructor(
    readonly gateway: Gateway,
    private readonly config: GatewayConfig,
    private readonly stubs: readonly StubUpstream[],
  ) {
    gateway.app.get(ExchangeMiddleware).finished.on((exchange) => {
      this.exchanges.push(this.summaryOf(exchange));
      this.finished.dispatchEvent(new Event('exchange'));
    });
  }

  get url(): string {
    return this.gateway.url;
  }

  /** @throws TypeError when no provider can issue a token for `user` */
  async fetch(path: string, { user, scopes = '', token, ...init }: TestRequest = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const bearer = token ?? (user === undefined ? undefined : this.tokenOf(user, scopes));
    if (bearer !== undefined) headers.set('Authorization', `Bearer ${bearer}`);
    return fetch(this.url + path, { ...init, headers });
  }

  /** @returns a token that the gateway accepts, from the first provider that has a secret */
  tokenOf(user: string, scopes = ''): string {
    const result = issueToken(this.config.auth, { sub: user, scopes, expires: '1h' });
    if (!result.ok) throw new TypeError(result.problem);
    return result.token;
  }

  /**
   * @param path without the query
   * @returns the last exchange with this path, which is waited for when there is none
   * @throws Error when there is none within five seconds
   */
  async exchange(path: string): Promise<ExchangeSummary> {
    const signal = AbortSignal.timeout(EXCHANGE_TIMEOUT);
    for (;;) {
      const found = this.exchanges.findLast((each) => each.path === path);
      if (found) return found;
      const seen = this.exchanges.map((each) => each.path).join(', ') || 'none';
      await once(this.finished, 'exchange', { signal }).catch(() => {
        throw new Error(
          `No exchange of ${path} within ${EXCHANGE_TIMEOUT / 1000} s. Those of this gateway: ${seen}.`,
        );
      });
    }
  }

  /** @returns the state of an upstream's breaker */
  breaker(upstream: string): BreakerState {
    return this.gateway.app.get(UpstreamRegistry).get(upstream).breaker.state;
  }

  /** Ends the gateway and its stubs, and clears the metrics of the process. */
  async close(): Promise<void> {
    await this.gateway.close();
    await Promise.all(this.stubs.map((stub) => stub.refuse()));
    register.clear();
  }

  private summaryOf({
    id,
    req,
    res,
    head,
    route,
    outcome,
    tries,
    cache,
    fallback,
    concerned,
  }: Exchange): ExchangeSummary {
    const upstream = concerned?.upstream ?? route?.config.upstream;
    return {
      id,
      method: req.method,
      path: head.path,
      route: route?.config.id,
      status: res.statusCode,
      outcome,
      tries: tries.length,
      cache: cache?.kind === 'hit' ? cache.result : cache?.kind,
      fallback,
      breaker: upstream === undefined ? undefined : this.breaker(upstream),
    };
  }
}

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}

function configOf(yaml: string, env: Record<string, string>): GatewayConfig {
  const result = parseConfig(yaml, { file: 'gateway.yaml', env, readFile });
  if (!result.ok) throw new TypeError(formatProblems('gateway.yaml', result.problems));
  const { server, management } = result.config;
  return {
    ...result.config,
    server: { ...server, host: '127.0.0.1', port: 0 },
    management: { ...management, host: '127.0.0.1', port: 0 },
  };
}
