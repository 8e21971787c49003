import { writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { ask, statusOf } from '../support/http.js';
import { IssuerKey, KeyServer } from '../support/key-server.js';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { breakwater, temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';
import {
  clientsOfBoth,
  isAlive,
  spawnWorkers,
  withWorkers,
  type WorkersProcess,
  workerPids,
} from '../support/workers.js';

async function start(options: Parameters<typeof spawnWorkers>[1] = {}) {
  const held: ServerResponse[] = [];
  const url = await listen(
    createServer((req, res) => {
      if (req.url === '/slow') held.push(res);
      else res.writeHead(req.url === '/fail' ? 500 : 200).end('answer');
    }),
  );
  const yaml = `
upstreams:
  api: { url: "${url}", timeout: 20s, breaker: { consecutiveFailures: 1000 } }
  broken: { url: "${url}", breaker: { consecutiveFailures: 1, openFor: 1h, maxOpenFor: 1h } }
routes:
  - { id: broken, match: { path: /fail }, upstream: broken }
  - { id: api, match: { path: /** }, upstream: api }`;
  return { gateway: await spawnWorkers(yaml, options), held, yaml };
}

/** Waits until as many workers serve. */
function serving({ managementUrl }: WorkersProcess, count: number): Promise<boolean> {
  return until(
    `${count} workers serve`,
    async () => (await metric(managementUrl, 'breakwater_workers')) === count,
  );
}

/** Expects that nothing of the gateway is left: no process, and nobody on its port. */
async function expectNothingLeft({ url }: WorkersProcess, pids: readonly number[]): Promise<void> {
  await until('all workers have ended', () => pids.every((pid) => !isAlive(pid)));
  expect(await statusOf(url)).toBe('ECONNREFUSED');
}

const isEnd = ({ msg }: { msg?: string }) => msg === 'a worker has ended';

describe('a worker that ends', { timeout: 60_000 }, () => {
  it('loses only its own connections, is replaced, and its counts are kept', async () => {
    const { gateway } = await start();
    const [a, b] = await clientsOfBoth(gateway, '/ok');
    expect(await a.status('/fail')).toBe(500);
    await until('the breaker is open in both', async () => (await b.status('/fail')) === 503);
    // Connections from before stay on their workers.
    const load = new Load(`${gateway.url}/ok`, { clients: 16, pace: 1 });
    const tally = load.fromNow();
    await until('the load is steady', () => tally.total > 500);
    const counted = await metric(gateway.managementUrl, 'breakwater_requests_total', { route: 'api' });
    const [first = 0] = await workerPids(gateway);
    process.kill(first, 'SIGKILL');
    expect(await gateway.process.json(isEnd)).toMatchObject({ worker: 1, signal: 'SIGKILL' });
    await serving(gateway, 2);
    await load.stop();
    const lost = tally.answers.filter((answer) => answer !== '200 answer');
    // Each client had one request in flight at most.
    expect(lost.reduce((sum, answer) => sum + tally.count(answer), 0)).toBeLessThanOrEqual(16);
    expect(lost.filter((answer) => !/^error (?:ECONNRESET|UND_ERR_SOCKET|EPIPE)$/.test(answer))).toEqual([]);
    expect(await b.status('/ok')).toBe(200);
    expect(
      await metric(gateway.managementUrl, 'breakwater_requests_total', { route: 'api' }),
    ).toBeGreaterThanOrEqual(counted);
    expect(await metric(gateway.managementUrl, 'breakwater_worker_exits_total')).toBe(1);
    // The new worker knows that the breaker is open.
    for (const client of await clientsOfBoth(gateway, '/ok')) expect(await client.status('/fail')).toBe(503);
  });

  it('finishes its requests after an uncaught error, while a new worker replaces it', async () => {
    const fault = `process.on('SIGUSR2', () => { throw new Error('a fault'); });`;
    const env = { NODE_OPTIONS: `--import=${await temporaryFile('fault.mjs', fault)}` };
    const { gateway, held } = await start({ env });
    const [a, b] = await clientsOfBoth(gateway, '/ok');
    const slow = [a.status('/slow'), b.status('/slow')];
    await until('both are at the service', () => held.length === 2);
    const [first = 0] = await workerPids(gateway);
    process.kill(first, 'SIGUSR2');
    expect(await gateway.process.json(({ msg }) => msg === 'uncaught error')).toMatchObject({ worker: 1 });
    await until('another one has started', async () => (await workerPids(gateway)).length === 3);
    await serving(gateway, 2);
    expect(await statusOf(`${gateway.url}/health/ready`)).toBe(200);
    for (const res of held) res.end();
    expect(await Promise.all(slow)).toEqual([200, 200]);
    expect(await gateway.process.json(isEnd)).toMatchObject({ worker: 1, code: 1 });
    expect(gateway.process.child.exitCode).toBeNull();
  });

  it('is replaced by a worker that accepts requests only after it has the keys of token issuers', async () => {
    const key = new IssuerKey('k1');
    const issuer = await KeyServer.start(key);
    const url = await listen(createServer((_req, res) => void res.end('answer')));
    const gateway = await spawnWorkers(`
auth: { main: { jwksUri: "${issuer.jwksUri}", algorithms: [ES256] } }
upstreams: { api: { url: "${url}" } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`);
    const { url: address } = gateway;
    await until('it is ready', async () => (await statusOf(`${address}/health/ready`)) === 200);
    const held: ServerResponse[] = [];
    issuer.answer = (_req, res) => void held.push(res);
    const [first = 0] = await workerPids(gateway);
    process.kill(first, 'SIGKILL');
    await until('the new worker asks for keys', () => held.length > 0);
    const ask40 = () =>
      Promise.all(Array.from({ length: 40 }, async () => (await ask(address, key.bearer())).status));
    expect(new Set(await ask40())).toEqual(new Set([200]));
    issuer.answer = undefined;
    for (const res of held) res.writeHead(200).end(JSON.stringify({ keys: issuer.keys }));
    await serving(gateway, 2);
    expect(new Set(await ask40())).toEqual(new Set([200]));
  });

  it('ends the gateway with 1 when five replacements end at once', async () => {
    const flag = await temporaryFile('flag', '');
    const fault = `import cluster from 'node:cluster'; import { readFileSync } from 'node:fs';
      if (cluster.isWorker && readFileSync(${JSON.stringify(flag)}, 'utf8') === 'on') process.exit(3);`;
    const env = { NODE_OPTIONS: `--import=${await temporaryFile('fault.mjs', fault)}` };
    const { gateway } = await start({ env });
    const pids = await workerPids(gateway);
    await writeFile(flag, 'on');
    process.kill(pids[0] ?? 0, 'SIGKILL');
    expect(await gateway.process.exited).toBe(1);
    // The one that was killed may have just started as well.
    const ends = gateway.process.lines.filter((line) => line.includes('"code":3'));
    expect([4, 5]).toContain(ends.length);
    const last = await gateway.process.json(({ level }) => level === 'fatal');
    expect(last['reason']).toContain('again and again');
    await expectNothingLeft(gateway, pids);
  });
});

describe('a gateway with workers that cannot start', { timeout: 60_000 }, () => {
  it('exits with 1 and the reason when its port is in use', async () => {
    const server = createServer();
    const port = new URL(await listen(server)).port;
    const yaml = withWorkers('routes: []').replace('port: 0', `port: ${port}`);
    const gateway = breakwater(['start', '-c', await temporaryFile('gateway.yaml', yaml)]);
    expect(await gateway.exited).toBe(1);
    expect(gateway.stderr).toContain(`Port ${port} on 127.0.0.1 is in use.`);
    expect(gateway.lines).toEqual([]);
  });

  it('exits with 1 and the reason when its workers end at once', async () => {
    const fault = `import cluster from 'node:cluster'; if (cluster.isWorker) process.exit(3);`;
    const env = { NODE_OPTIONS: `--import=${await temporaryFile('fault.mjs', fault)}` };
    const file = await temporaryFile('gateway.yaml', withWorkers('routes: []'));
    const gateway = breakwater(['start', '-c', file], env);
    expect(await gateway.exited).toBe(1);
    expect(gateway.stderr).toContain('The workers end again and again as soon as they have started.');
  });
});

describe('the primary', { timeout: 60_000 }, () => {
  it('drains all workers after SIGTERM, and exits with 0', async () => {
    const { gateway, held } = await start({ shutdown: 'delay: 1s, drain: 20s' });
    const [a, b] = await clientsOfBoth(gateway, '/ok');
    const pids = await workerPids(gateway);
    const slow = [a.status('/slow'), b.status('/slow')];
    await until('both are at the service', () => held.length === 2);
    gateway.process.kill('SIGTERM');
    await gateway.process.json(({ msg }) => msg === 'draining');
    expect(await statusOf(`${gateway.managementUrl}/health/ready`)).toBe(503);
    expect(await statusOf(`${gateway.url}/health/ready`)).toBe(503);
    expect(await statusOf(`${gateway.url}/ok`)).toBe(200);
    await until('new connections are refused', async () => (await statusOf(gateway.url)) === 'ECONNREFUSED');
    for (const res of held) res.end();
    expect(await Promise.all(slow)).toEqual([200, 200]);
    expect(await gateway.process.exited).toBe(0);
    expect(JSON.parse(gateway.process.lines.at(-1) ?? '')).toMatchObject({ msg: 'stopped' });
    await expectNothingLeft(gateway, pids);
  });

  it('ends everything at once with 1 after a second SIGTERM', async () => {
    const { gateway, held } = await start({ shutdown: 'delay: 20s, drain: 20s' });
    const pids = await workerPids(gateway);
    const slow = statusOf(`${gateway.url}/slow`);
    await until('the request is at the service', () => held.length === 1);
    gateway.process.kill('SIGTERM');
    await gateway.process.json(({ msg }) => msg === 'draining');
    gateway.process.kill('SIGTERM');
    expect(await gateway.process.exited).toBe(1);
    expect(await slow).toBe('ECONNRESET');
    await expectNothingLeft(gateway, pids);
  });

  it('leaves no worker behind when it is killed', async () => {
    const { gateway } = await start();
    const pids = await workerPids(gateway);
    expect(pids).toHaveLength(2);
    gateway.process.kill('SIGKILL');
    await expectNothingLeft(gateway, pids);
  });

  it('keeps running when its workers get signals', async () => {
    const { gateway } = await start();
    const pids = await workerPids(gateway);
    for (const pid of pids)
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    const clients = await clientsOfBoth(gateway, '/ok');
    for (const client of clients) expect(await client.status('/ok')).toBe(200);
    expect(await workerPids(gateway)).toEqual(pids);
  });

  it('drains and exits with 1 after an uncaught error', async () => {
    const fault = `process.on('SIGUSR2', () => void Promise.reject(new Error('a fault')));`;
    const env = { NODE_OPTIONS: `--import=${await temporaryFile('fault.mjs', fault)}` };
    const { gateway, held } = await start({ env });
    const pids = await workerPids(gateway);
    const slow = statusOf(`${gateway.url}/slow`);
    await until('the request is at the service', () => held.length === 1);
    gateway.process.kill('SIGUSR2');
    await gateway.process.json(({ msg }) => msg === 'uncaught error');
    await until('new connections are refused', async () => (await statusOf(gateway.url)) === 'ECONNREFUSED');
    held[0]?.end();
    expect(await slow).toBe(200);
    expect(await gateway.process.exited).toBe(1);
    await expectNothingLeft(gateway, pids);
  });
});
