import { execFile } from 'node:child_process';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../support/gateway.js';
import { collectBody } from '../support/http.js';
import { sumOf } from '../support/metrics.js';
import { spawnGateway } from '../support/process.js';
import { systemPart } from '../support/system-part.js';
import { until } from '../support/until.js';

const part = systemPart('util-linux', ['prlimit']);

/** @returns a function that sends requests to a server on one connection */
function onOneConnection(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return async (path: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    get(url + path, { agent }, resolve).on('error', reject);
    const response = await promise;
    return { response, body: (await collectBody(response)).toString() };
  };
}

part.describe('a gateway that has no descriptor left', { timeout: 60_000 }, () => {
  it('answers 503, and blames neither the upstream nor its targets', async () => {
    const closes = () =>
      listen(createServer((_req, res) => void res.setHeader('Connection', 'close').end('theirs')));
    const { process, url, managementUrl } = await spawnGateway(`
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
upstreams:
  users:
    targets: [{ url: "${await closes()}" }, { url: "${await closes()}" }]
    retry: { attempts: 0 }
    breaker: { consecutiveFailures: 2, openFor: 10m, maxOpenFor: 10m }
    outlier: { consecutiveFailures: 2, ejectFor: 10m }
    health: { path: /, interval: 1s, unhealthyInterval: 1s, failures: 1 }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`);
    const fetch = onOneConnection(url);
    const manage = onOneConnection(managementUrl);
    const sum = async (name: string, labels = {}) =>
      sumOf((await manage('/metrics')).body, `breakwater_${name}`, labels);
    const probes = () => sum('probe_duration_seconds_count');
    const prlimit = (...args: string[]) =>
      promisify(execFile)('prlimit', ['--pid', String(process.child.pid), ...args]);
    const { stdout: usual } = await prlimit('--nofile', '--noheadings', '--output=SOFT');
    await fetch('/health');
    await until('a probe has passed', async () => (await probes()) >= 2);

    await prlimit('--nofile=1:');
    const before = await probes();
    for (let i = 0; i < 5; i++) {
      const { response, body } = await fetch('/users/1');
      expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
      expect(JSON.parse(body)).toMatchObject({ code: 'connect_blocked', upstream: 'users' });
    }
    await until('targets were probed', async () => (await probes()) >= before + 4);
    expect(await sum('requests_total', { outcome: 'connect_blocked', status: '503' })).toBe(5);
    expect(await sum('upstream_requests_total')).toBe(5);
    expect([await sum('breaker_state'), await sum('target_up')]).toEqual([0, 2]);

    await prlimit(`--nofile=${usual.trim()}:`);
    expect((await fetch('/users/1')).body).toBe('theirs');
  });
});
