import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Authority, type KeyPair } from '../support/certificates.js';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { breakwater, temporaryFile } from '../support/process.js';
import { certificateFor, fetchTls, keepAliveAgent } from '../support/tls-client.js';
import { until } from '../support/until.js';

const authority = Authority.create();
const first = authority.issue('DNS:first.test', 'IP:127.0.0.1');
const second = authority.issue('DNS:second.test', 'IP:127.0.0.1');
const third = authority.issue('DNS:third.test', 'IP:127.0.0.1');
const ca = authority.ca;

/** Starts a gateway with two workers whose certificate is in files. */
async function start() {
  const users = await listen(createServer((_req, res) => void res.end('hello')));
  const file = await temporaryFile(
    'gateway.yaml',
    `
server:
  host: 127.0.0.1
  port: 0
  workers: 2
  shutdown: { delay: 0s, drain: 20s }
  tls: { cert: tls.crt, key: tls.key, redirect: { port: 0 } }
management: { port: 0 }
upstreams: { users: { url: "${users}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`,
  );
  const write = ({ cert, key }: KeyPair) =>
    Promise.all([
      writeFile(join(dirname(file), 'tls.crt'), cert),
      writeFile(join(dirname(file), 'tls.key'), key),
    ]);
  await write(first);
  const process = breakwater(['start', '-c', file]);
  const { url, managementUrl } = await process.json(({ msg }) => msg === 'listening');
  return { process, url: String(url), managementUrl: String(managementUrl), write };
}

describe('a renewed certificate', { timeout: 60_000 }, () => {
  it('is used by all workers when its files change, and a mismatched pair is ignored', async () => {
    const { process, url, managementUrl, write } = await start();
    const agent = keepAliveAgent();
    const names = async () => (await certificateFor(url)).split(',')[0];
    const reloads = (result: string) => metric(managementUrl, 'breakwater_config_reloads_total', { result });
    expect(await names()).toBe('DNS:first.test');
    expect((await fetchTls(`${url}/1`, { ca, agent })).status).toBe(200);

    await write({ cert: second.cert, key: third.key });
    await until('the pair is refused', async () => (await reloads('failed')) > 0);
    const line = await process.json(({ msg }) => msg === 'configuration not reloaded');
    expect(line['error']).toContain('server.tls.key');
    expect(line['error']).not.toContain('BEGIN');
    expect(await names()).toBe('DNS:first.test');

    await write(second);
    await until('it is used', async () => (await reloads('applied')) > 0);
    // The system decides which worker takes a connection.
    for (let i = 0; i < 20; i++) expect(await names()).toBe('DNS:second.test');
    expect((await fetchTls(`${url}/1`, { ca, agent })).names).toContain('DNS:first.test');
    const expiry = 'breakwater_tls_certificate_expiry_timestamp_seconds';
    expect(await metric(managementUrl, expiry, { host: '*' })).toBeGreaterThan(Date.now() / 1000);

    agent.destroy();
    process.kill('SIGTERM');
    expect(await process.exited).toBe(0);
  });
});
