import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import { temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';
import { clientsOfBoth, spawnWorkers, withWorkers, workerPids } from '../support/workers.js';

/**
 * Runs in every process. Worker 3 tells that it listens, and worker 2 that it has prepared a configuration, when files
 * allow it.
 */
const HOLD = `
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
if (cluster.isWorker) {
  const { id } = cluster.worker;
  const { emit, send } = process;
  let prepare;
  process.emit = function (name, message, ...rest) {
    if (name === 'message' && message.name === 'prepare') {
      if (id === 3 && process.env.ENDS_AT_PREPARE) process.exit(3);
      prepare = message.id;
      process.stderr.write('worker ' + id + ' prepares\\n');
    }
    return emit.call(this, name, message, ...rest);
  };
  process.send = function (message, ...rest) {
    const file = id === 3 && message.type === 'listening' ? process.env.MAY_LISTEN
      : id === 2 && message.type === 'result' && message.id === prepare ? process.env.MAY_PREPARE
      : undefined;
    if (file === undefined || existsSync(file)) return send.call(this, message, ...rest);
    if (id === 3) process.stderr.write('worker 3 listens\\n');
    const timer = setInterval(() => {
      if (!existsSync(file)) return;
      clearInterval(timer);
      send.call(this, message, ...rest);
    }, 10);
    return true;
  };
}`;

async function start(env: Record<string, string> = {}) {
  const url = await listen(createServer((_req, res) => void res.end('answer')));
  const hold = await temporaryFile('hold.mjs', HOLD);
  const [mayListen, mayPrepare] = [`${hold}.listen`, `${hold}.prepare`];
  const yaml = (routes = '') => `
upstreams: { api: { url: "${url}" } }
routes: [{ id: api, match: { path: /api }, upstream: api }${routes}]`;
  const gateway = await spawnWorkers(yaml(), {
    env: { NODE_OPTIONS: `--import=${hold}`, MAY_LISTEN: mayListen, MAY_PREPARE: mayPrepare, ...env },
  });
  const { process: running, managementUrl, file } = gateway;
  process.kill((await workerPids(gateway))[0] ?? 0, 'SIGKILL');
  await until('worker 3 listens', () => running.stderr.includes('worker 3 listens'));
  await writeFile(file, withWorkers(yaml(', { id: more, match: { path: /more }, upstream: api }')));
  const reload = fetch(`${managementUrl}/admin/config/reload`, {
    method: 'POST',
    headers: { 'X-Breakwater-Action': '1' },
  });
  await until('worker 2 prepares', () => running.stderr.includes('worker 2 prepares'));
  const serving = () => metric(managementUrl, 'breakwater_workers');
  return { gateway, reload, serving, listening: mayListen, prepared: mayPrepare };
}

describe('a worker that starts during a reload', { timeout: 60_000 }, () => {
  it('gets the new configuration when it begins to serve before that is in force', async () => {
    const { gateway, reload, serving, listening, prepared } = await start();
    await writeFile(listening, '');
    await until('worker 3 serves', async () => (await serving()) === 2);
    await writeFile(prepared, '');
    expect((await reload).status).toBe(200);
    const clients = await clientsOfBoth(gateway, '/api');
    expect(await Promise.all(clients.map((client) => client.status('/more')))).toEqual([200, 200]);
  });

  it('gets the new configuration when it begins to serve after that is in force', async () => {
    const { gateway, reload, listening, prepared } = await start();
    await writeFile(prepared, '');
    expect((await reload).status).toBe(200);
    await writeFile(listening, '');
    const clients = await clientsOfBoth(gateway, '/api');
    await until('both have the route', async () => {
      const statuses = await Promise.all(clients.map((client) => client.status('/more')));
      return statuses.every((status) => status === 200);
    });
  });

  it('is replaced when it ends before it has the new configuration', async () => {
    const { gateway, reload, listening, prepared } = await start({ ENDS_AT_PREPARE: 'yes' });
    await writeFile(prepared, '');
    expect((await reload).status).toBe(200);
    await writeFile(listening, '');
    const ended = await gateway.process.json(
      ({ msg, worker }) => msg === 'a worker has ended' && worker === 3,
    );
    expect(ended).toMatchObject({ code: 3 });
    const clients = await clientsOfBoth(gateway, '/api');
    expect(await Promise.all(clients.map((client) => client.status('/more')))).toEqual([200, 200]);
    expect(gateway.process.lines.join('\n')).not.toContain('uncaught error');
  });
});
