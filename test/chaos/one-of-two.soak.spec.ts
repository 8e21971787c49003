import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { spawnGateway } from '../support/process.js';
import { spawnTarget } from '../support/target-process.js';
import { until } from '../support/until.js';

const CLIENTS = 4;

async function start(keys: string) {
  const targets = await Promise.all([spawnTarget('first'), spawnTarget('second')]);
  const [first] = targets;
  const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    upstreams:
      api: { targets: [${targets.map(({ name }) => `{ url: "http://${name}" }`).join(', ')}], ${keys} }
    routes: [{ id: api, match: { path: /** }, upstream: api }]
  `);
  const read = (name: string, labels: Record<string, string> = {}) =>
    metric(gateway.managementUrl, name, { upstream: 'api', ...labels });
  const ejections = () => read('breakwater_target_ejections_total', { target: first.name });
  const isQuiet = async () => [
    await read('breakwater_breaker_transitions_total'),
    (await fetch(`${gateway.url}/health/ready`, { headers: { connection: 'close' } })).status,
  ];
  return { gateway, targets, read, ejections, isQuiet };
}

/** Clients that post, each again after its response; every order has its own path. */
class Orders {
  /** Statuses by path; 0 without a response. */
  readonly answers = new Map<string, number>();
  private stopped = false;
  private readonly clients: Promise<unknown>;

  constructor(url: string) {
    const pool = new Pool(url, { connections: CLIENTS });
    this.clients = Promise.all(Array.from({ length: CLIENTS }, (_, i) => this.client(pool, i)));
    onTestFinished(async () => {
      await this.stop();
      await pool.destroy();
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.clients;
  }

  private async client(pool: Pool, client: number): Promise<void> {
    for (let i = 0; !this.stopped; i++) {
      const path = `/orders/${client}-${i}`;
      this.answers.set(path, await post(pool, path));
    }
  }
}

/** @returns the status, or 0 without a response */
async function post(pool: Pool, path: string): Promise<number> {
  try {
    const { statusCode, body } = await pool.request({ method: 'POST', path, body: 'order' });
    await body.dump();
    return statusCode;
  } catch {
    return 0;
  }
}

it(
  'a killed target fails no GET and at most the POSTs in flight, and no POST is delivered twice',
  { timeout: 180_000 },
  async () => {
    const { gateway, targets, ejections, isQuiet } = await start('');
    const [first] = targets;
    const gets = new Load(`${gateway.url}/1`, { clients: CLIENTS, pace: 5 });
    const orders = new Orders(gateway.url);
    const tally = gets.fromNow();
    const delivered = () =>
      targets.flatMap(({ process }) =>
        process.lines
          .map((line) => (JSON.parse(line) as { delivered?: string }).delivered)
          .filter((path) => path !== undefined),
      );
    await until('both are at work', () => tally.answers.length === 2 && orders.answers.size > 50);

    first.process.kill('SIGKILL');
    await until('it is left alone', async () => (await ejections()) > 0);
    const [answered, ordered] = [tally.total, orders.answers.size];
    await until('many were answered since', () => {
      return tally.total > answered + 100 && orders.answers.size > ordered + 50;
    });
    await Promise.all([gets.stop(), orders.stop()]);

    expect(tally.answers.toSorted()).toEqual(['200 first', '200 second']);
    const failed = [...orders.answers].filter(([, status]) => status !== 200);
    expect(failed.every(([, status]) => status === 502)).toBe(true);
    expect(failed.length).toBeLessThanOrEqual(CLIENTS);
    const paths = delivered();
    expect(new Set(paths).size).toBe(paths.length);
    const answeredFine = [...orders.answers].filter(([, status]) => status === 200).map(([path]) => path);
    expect(answeredFine.filter((path) => !paths.includes(path))).toEqual([]);
    expect(await isQuiet()).toEqual([0, 200]);
  },
);

it('a frozen target costs a few callers one try, is ejected and recovers', { timeout: 180_000 }, async () => {
  const { gateway, targets, read, ejections, isQuiet } = await start(
    'timeout: 20s, retry: { perTryTimeout: 1s, budget: 100% }, outlier: { consecutiveFailures: 3, ejectFor: 3s }',
  );
  const [first] = targets;
  const gets = new Load(`${gateway.url}/1`, { clients: CLIENTS, pace: 5 });
  const tally = gets.fromNow();
  await until('both are at work', () => tally.answers.length === 2);

  first.process.kill('SIGSTOP');
  // Only SIGKILL ends a stopped process.
  onTestFinished(() => first.process.kill('SIGKILL'));
  await until('it is left alone', async () => (await ejections()) > 0);
  const meanwhile = gets.fromNow();
  await until('many are answered by the other', () => meanwhile.total > 50);
  expect(meanwhile.answers).toEqual(['200 second']);
  const retries = await read('breakwater_retries_total');
  expect(retries).toBeGreaterThanOrEqual(3);
  // There is at most one batch of retries before each ejection.
  expect(retries).toBeLessThanOrEqual(CLIENTS * ((await ejections()) + 1));

  first.process.kill('SIGCONT');
  const again = gets.fromNow();
  await until('it is back', () => again.count('200 first') > 20, 30_000);
  await gets.stop();
  for (const each of [tally, meanwhile, again]) {
    expect(each.answers.filter((answer) => !/^200 (first|second)$/.test(answer))).toEqual([]);
  }
  expect(await isQuiet()).toEqual([0, 200]);
});
