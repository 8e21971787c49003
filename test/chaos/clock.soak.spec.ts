import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { type GatewayProcess, spawnNode, temporaryFile } from '../support/process.js';
import { bearer, inSeconds, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

/** Shifts the clock of `Date` by the milliseconds in a file, on each signal. */
const preload = (file: string) => `
  import { readFileSync } from 'node:fs';
  const Real = Date;
  let shift = 0;
  globalThis.Date = class Date extends Real {
    constructor(...given) {
      if (given.length > 0) super(...given);
      else super(Date.now());
    }
    static now() {
      return Real.now() + shift;
    }
  };
  process.on('SIGUSR2', () => {
    shift = Number(readFileSync(${JSON.stringify(file)}, 'utf8'));
    console.log(JSON.stringify({ msg: 'stepped', shift }));
  });
`;

/**
 * Starts a gateway whose wall clock can be set, as NTP or a suspended machine does; its monotonic clock is not affected.
 *
 * @returns the gateway, with a function that shifts its clock by milliseconds from the real time
 */
async function spawnWithClock(
  yaml: string,
): Promise<GatewayProcess & { readonly stepTo: (shift: number) => Promise<void> }> {
  const file = await temporaryFile('shift', '0');
  const source = `data:text/javascript,${encodeURIComponent(preload(file))}`;
  const config = await temporaryFile('gateway.yaml', yaml);
  const process = spawnNode(['--import', source, 'dist/cli.js', 'start', '-c', config]);
  const { url, managementUrl } = await process.json(({ msg }) => msg === 'listening');
  const stepTo = async (shift: number) => {
    await writeFile(file, String(shift));
    process.kill('SIGUSR2');
    await process.json((line) => line.msg === 'stepped' && line['shift'] === shift);
  };
  return { process, url: String(url), managementUrl: String(managementUrl), stepTo };
}

const HOURS = 3_600_000;
/** Seconds. */
const TEN_MINUTES = 600;
const HTTP_DATE = /^\w{3}, \d\d \w{3} \d{4} /;

/** Counts calls by path; fails where it is told to, and holds `/held` and `/late`. */
class Service {
  readonly calls = new Map<string, number>();
  readonly failing = new Set(['/down', '/flaky']);
  held: ServerResponse | undefined;

  handle(req: IncomingMessage, res: ServerResponse): void {
    const path = req.url ?? '';
    this.calls.set(path, this.count(path) + 1);
    if (path === '/late') return;
    if (path === '/held') this.held = res;
    else if (this.failing.has(path)) res.writeHead(500).end();
    else {
      if (path === '/short') res.setHeader('cache-control', 'max-age=1');
      res.end('fine');
    }
  }

  count(path: string): number {
    return this.calls.get(path) ?? 0;
  }
}

const yaml = (url: string, dead: string) => `
  server: { host: 127.0.0.1, port: 0 }
  management: { port: 0 }
  auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
  cache: { ttl: 10m }
  defaults: { timeout: 20s, retry: { attempts: 0 } }
  upstreams:
    down: { url: "${url}", breaker: { consecutiveFailures: 1, openFor: 10m, maxOpenFor: 10m } }
    flaky: { url: "${url}", breaker: { consecutiveFailures: 1, openFor: 1s, maxOpenFor: 1s } }
    two: { targets: [{ url: "${url}" }, { url: "${dead}" }], balancer: round-robin, outlier: { consecutiveFailures: 1, ejectFor: 10m } }
    api: { url: "${url}" }
  routes:
    - { id: down, match: { path: /down }, upstream: down, auth: none }
    - { id: flaky, match: { path: /flaky }, upstream: flaky, auth: none }
    - { id: two, match: { path: /two }, upstream: two, auth: none }
    - { id: held, match: { path: /held }, upstream: api, auth: none }
    - { id: late, match: { path: /late }, upstream: api, auth: none, timeout: 1s }
    - { id: long, match: { path: /long }, upstream: api, auth: none, cache: {} }
    - { id: short, match: { path: /short }, upstream: api, auth: none, cache: {} }
    - { id: mine, match: { path: /mine }, upstream: api }
`;

async function start() {
  const service = new Service();
  const url = await listen(createServer((req, res) => service.handle(req, res)));
  const dead = await closedPort();
  const gateway = await spawnWithClock(yaml(url, dead));
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(gateway.url + path, { headers });
    await response.text();
    return response;
  };
  const status = async (path: string, headers?: Record<string, string>) => (await ask(path, headers)).status;
  const read = (name: string, labels: Record<string, string>) => metric(gateway.managementUrl, name, labels);
  const isEjected = async () =>
    (await read('breakwater_target_up', { upstream: 'two', target: new URL(dead).host })) === 0;
  return { service, gateway, ask, status, read, isEjected };
}

it.each([
  ['forward', 6 * HOURS],
  ['back', -6 * HOURS],
])('a wall clock set %s affects only dates and tokens', { timeout: 180_000 }, async (_, shift) => {
  const { service, gateway, ask, status, read, isEjected } = await start();
  const known = bearer({ exp: inSeconds(TEN_MINUTES) });
  expect([await status('/down'), await status('/down')]).toEqual([500, 503]);
  expect(await status('/flaky')).toBe(500);
  await until('the dead one of two is ejected', async () => [await status('/two'), await isEjected()][1]);
  for (const path of ['/long', '/short']) expect(await status(path)).toBe(200);
  expect(await status('/mine', known)).toBe(200);
  const [held, late] = [ask('/held'), status('/late')];
  await until('both are under way', () => service.held !== undefined && service.count('/late') === 1);

  await gateway.stepTo(shift);

  // Deadlines neither expire early nor move by hours.
  service.held?.end('fine');
  expect([(await held).status, await late]).toEqual([200, 504]);
  // Open breakers and ejected targets stay so and recover in time.
  const open = await ask('/down');
  expect([open.status, service.count('/down'), await isEjected()]).toEqual([503, 1, true]);
  expect(Number(open.headers.get('retry-after'))).toBeLessThanOrEqual(TEN_MINUTES * 1.2);
  expect(Number(open.headers.get('retry-after'))).toBeGreaterThan(TEN_MINUTES / 2);
  service.failing.delete('/flaky');
  await until('the other breaker closes', async () => (await status('/flaky')) === 200, 30_000);
  expect(await read('breakwater_breaker_state', { upstream: 'flaky' })).toBe(0);
  // Ages in the cache are not affected.
  const long = await ask('/long');
  expect([long.headers.get('cache-status'), service.count('/long')]).toEqual([
    expect.stringContaining('; hit'),
    1,
  ]);
  const age = Number(long.headers.get('age'));
  expect([age >= 0, age < TEN_MINUTES / 2]).toEqual([true, true]);
  expect(long.headers.get('date')).toMatch(HTTP_DATE);
  await until('what is good for a second is asked for again', async () => {
    await ask('/short');
    return service.count('/short') > 1;
  });

  // A token expires by the wall clock, whether it is cached or new.
  const fresh = bearer({ sub: 'bob', iat: inSeconds(0), nbf: inSeconds(0), exp: inSeconds(TEN_MINUTES) });
  expect([await status('/mine', known), await status('/mine', fresh)]).toEqual(
    shift > 0 ? [401, 401] : [200, 401],
  );

  await gateway.stepTo(0);
  expect([await status('/mine', known), await status('/mine', fresh)]).toEqual([200, 200]);
  expect([await status('/down'), service.count('/down'), await isEjected()]).toEqual([503, 1, true]);
  expect([await status('/long'), service.count('/long')]).toEqual([200, 1]);
});
