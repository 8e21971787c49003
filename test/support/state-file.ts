import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { listen } from './gateway.js';
import { type GatewayProcess, spawnGateway } from './process.js';
import { until } from './until.js';

/**
 * Prepares gateways with one state file, in a folder of its own. Requests to `/broken` fail at the upstream `broken`, and one
 * request to `/limited` is accepted.
 *
 * @param server further keys of `server`
 */
export async function withStateFile(server = '') {
  const service = { requests: 0 };
  const url = await listen(
    createServer((req, res) => {
      service.requests++;
      res.writeHead(req.url?.startsWith('/broken') ? 500 : 200).end();
    }),
  );
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'state.json');
  const yaml = `
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s, drain: 5s }, ${server} }
management: { port: 0 }
state: { file: ${file} }
defaults: { retry: { attempts: 0 }, breaker: { openFor: 60s } }
upstreams: { broken: { url: "${url}" }, fine: { url: "${url}" } }
routes:
  - { id: broken, match: { path: /broken }, upstream: broken }
  - { id: limited, match: { path: /limited }, upstream: fine, rateLimit: { requests: 1, per: 1h } }`;
  return { folder, file, service, yaml, spawn: () => spawnGateway(yaml) };
}

type Addresses = Pick<GatewayProcess, 'url' | 'managementUrl'>;

/** Opens the breaker and uses up the limit. */
export async function outage(gateway: Addresses): Promise<void> {
  await until('the breaker is open', async () => {
    await statusOf(gateway, '/broken');
    return (await breakerOf(gateway))['state'] === 'open';
  });
  await statusOf(gateway, '/limited');
}

export async function stop({ process }: GatewayProcess): Promise<number | NodeJS.Signals | null> {
  process.kill('SIGTERM');
  return process.exited;
}

/** @returns the statuses of a call to the broken upstream, and of a request above the limit */
export async function statusesOf(gateway: Addresses): Promise<readonly [broken: number, limited: number]> {
  return [await statusOf(gateway, '/broken'), await statusOf(gateway, '/limited')];
}

async function statusOf({ url }: Addresses, path: string): Promise<number> {
  const response = await fetch(url + path);
  await response.arrayBuffer();
  return response.status;
}

/** @returns what the overview says of the breaker of `broken` */
export async function breakerOf({ managementUrl }: Addresses): Promise<Record<string, unknown>> {
  const { breaker } = (await (await fetch(`${managementUrl}/admin/upstreams/broken`)).json()) as {
    breaker: Record<string, unknown>;
  };
  return breaker;
}

export async function stateIn(file: string): Promise<{ breakers: unknown[]; buckets: unknown[] }> {
  return JSON.parse(await readFile(file, 'utf8')) as { breakers: unknown[]; buckets: unknown[] };
}
