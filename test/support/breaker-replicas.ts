import { createServer, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { listen } from './gateway.js';
import { Load } from './load.js';
import { metric } from './metrics.js';
import { type GatewayProcess, type KeepUntil, type LogLine, spawnGateway } from './process.js';
import type { RedisServer } from './redis.js';
import { until } from './until.js';

const NAMES = ['a', 'b', 'c'] as const;
export type Name = (typeof NAMES)[number];
export const OK = '200 fine';
export const AWAY = '503 away';

/** A service that replicas reach, or not, and that can keep a call waiting. */
export class Service {
  /** Replicas whose calls fail. */
  readonly failing = new Set<Name>();
  /** Calls by replica, in their order. */
  readonly calls: Name[] = [];
  /** Calls that wait for their answer. */
  readonly held: { readonly from: Name; readonly res: ServerResponse }[] = [];
  holds = false;

  answer(from: Name, res: ServerResponse): void {
    this.calls.push(from);
    if (this.holds) this.held.push({ from, res });
    else if (this.failing.has(from)) res.writeHead(500).end('broken');
    else res.end('fine');
  }

  /** Answers the calls that wait, and keeps none waiting any more. */
  release(status: 200 | 500): void {
    this.holds = false;
    for (const { res } of this.held.splice(0)) res.writeHead(status).end(status === 200 ? 'fine' : 'broken');
  }
}

export class Replica {
  constructor(
    readonly name: Name,
    readonly gateway: GatewayProcess,
  ) {}

  /** @returns 0 closed, 1 half-open, 2 open */
  state(upstream: string): Promise<number> {
    return metric(this.gateway.managementUrl, 'breakwater_breaker_state', { upstream });
  }

  /** @returns how many replicas share their breakers, as this one sees it */
  live(): Promise<number> {
    return metric(this.gateway.managementUrl, 'breakwater_replicas');
  }

  /** Starts clients of an upstream. */
  load(upstream: string, clients = 2): Load {
    return new Load(`${this.gateway.url}/${upstream}`, { clients, pace: 20 });
  }

  async ask(upstream: string): Promise<string> {
    const response = await fetch(`${this.gateway.url}/${upstream}`);
    return `${response.status} ${await response.text()}`;
  }

  /** Sends failing calls, all at once, until the breaker has opened. */
  async trip(upstream: string): Promise<void> {
    const before = this.openings(upstream).length;
    await Promise.all(Array.from({ length: 5 }, () => this.ask(upstream)));
    await until('it has opened', () => this.openings(upstream).length > before);
  }

  /** @returns why the breaker has opened, oldest first */
  openings(upstream: string): string[] {
    const opened = this.transitions(upstream).filter(({ to }) => to === 'open');
    return opened.map(({ reason }) => String(reason));
  }

  /** @returns the transitions of a breaker as logged, oldest first */
  transitions(upstream: string): LogLine[] {
    return this.gateway.process.lines
      .filter((line) => line.includes('"context":"Breaker"'))
      .map((line) => JSON.parse(line) as LogLine)
      .filter((line) => line['upstream'] === upstream);
  }

  reasons(upstream: string): string[] {
    return this.transitions(upstream).map(({ to, reason }) => `${String(to)}: ${String(reason)}`);
  }
}

export interface BreakerReplicas {
  readonly replicas: Readonly<Record<Name, Replica>>;
  readonly all: readonly Replica[];
  readonly services: Readonly<Record<string, Service>>;
}

interface Options {
  readonly timeout?: string;
  /** Of Redis. On a busy machine, a replica that waited for a shorter time would run a trial of its own. */
  readonly commandTimeout?: string;
  readonly workers?: number;
  readonly keepUntil?: KeepUntil;
}

/**
 * Runs three gateways as processes, which share breakers and the upstreams `ids`.
 *
 * @param options `timeout` of calls, and so of trials; `workers` of `a` and of `c`, while `b` is one process
 */
export async function breakerReplicas(
  redis: RedisServer,
  ids: readonly string[],
  { timeout = '20s', commandTimeout = '700ms', workers = 1, keepUntil = onTestFinished }: Options = {},
): Promise<BreakerReplicas> {
  const services = Object.fromEntries(ids.map((id) => [id, new Service()]));
  const server = createServer((req, res) => {
    const id = String(req.url).slice(1);
    // The gateway sends a name of its own in this header.
    services[id]?.answer(req.headers['x-replica'] as Name, res);
  });
  const url = await listen(server, keepUntil);
  const all = await Promise.all(
    NAMES.map(async (name) => {
      const yaml = `
        server: { host: 127.0.0.1, port: 0, workers: ${name === 'b' ? 1 : workers} }
        management: { port: 0 }
        redis: { url: "${redis.url}", commandTimeout: ${commandTimeout} }
        defaults:
          timeout: ${timeout}
          retry: { attempts: 0 }
          breaker: { openFor: 2s, maxOpenFor: 2s }
          fallback: { response: { status: 503, body: away } }
        upstreams: { ${ids.map((id) => `${id}: { url: "${url}" }`).join(', ')} }
        routes: [${ids.map((id) => route(id, name)).join(', ')}]
      `;
      return new Replica(name, await spawnGateway(yaml, {}, keepUntil));
    }),
  );
  const [a, b, c] = all;
  if (!a || !b || !c) throw new TypeError('three replicas');
  await everyoneShares(all);
  return { replicas: { a, b, c }, all, services };
}

/** Waits until each replica shares its breakers with the others. */
export async function everyoneShares(all: readonly Replica[]): Promise<void> {
  for (const each of all)
    await until('breakers are shared', async () => (await each.live()) === all.length, 60_000);
}

function route(id: string, name: Name): string {
  return `{ id: ${id}, match: { path: /${id} }, upstream: ${id}, headers: { request: { set: { x-replica: ${name} } } } }`;
}
