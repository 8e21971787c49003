import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { statusOf } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { breakwater, temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';
import { spawnWorkers, withWorkers, workerPids } from '../support/workers.js';

async function yaml(): Promise<string> {
  const url = await listen(createServer((_req, res) => res.end('answer')));
  return `
upstreams: { api: { url: "${url}" } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`;
}

/** Fills a pipe, which holds less than 300 KiB, with lines of the access log. */
async function fillLog(url: string): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const statuses = await Promise.all(
      Array.from({ length: 20 }, () => statusOf(`${url}/${'p'.repeat(1400)}`)),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
  }
}

describe('the log of a gateway with workers', { timeout: 60_000 }, () => {
  it('does not stop the gateway when nobody reads it and a worker ends', async () => {
    const gateway = await spawnWorkers(await yaml());
    gateway.process.child.stdout?.pause();
    await fillLog(gateway.url);
    const [first = 0] = await workerPids(gateway);
    process.kill(first, 'SIGKILL');
    await until('the worker is replaced', async () => {
      const pids = await workerPids(gateway);
      return !pids.includes(first) && (await metric(gateway.managementUrl, 'breakwater_workers')) === 2;
    });
    await fillLog(gateway.url);
    const ended = new Promise((resolve) => gateway.process.child.once('exit', resolve));
    gateway.process.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('has the last lines of the workers', async () => {
    const { url, process } = await spawnWorkers(await yaml());
    for (let i = 0; i < 20; i++) expect(await statusOf(`${url}/${i}`)).toBe(200);
    process.kill('SIGTERM');
    expect(await process.exited).toBe(0);
    expect(process.lines.filter((line) => line.includes('"context":"Access"'))).toHaveLength(20);
    expect(process.lines.at(-1)).toContain('"stopped"');
  });

  it('contains the stderr of a worker that crashes', async () => {
    const failing = `if (process.argv[1]?.endsWith('worker.js')) throw new Error('thrown in a worker')`;
    const file = await temporaryFile('gateway.yaml', withWorkers(await yaml()));
    const process = breakwater(['-c', file], {
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(failing)}`,
    });
    await until('the error is there', () => process.stderr.includes('Error: thrown in a worker\n    at '));
  });
});
