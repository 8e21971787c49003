import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { type KeepUntil, keepUntilEnd, spawnScript, temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';

interface Ports {
  PORT: string;
  MANAGEMENT_PORT: string;
  DEMO_USERS_PORT: string;
  DEMO_ORDERS_PORT: string;
}

const MINE = `
server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s } }
management: { port: 0 }
upstreams: { users: { url: http://127.0.0.1:9 } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;

interface Health {
  details: Record<string, { status: string }>;
}

// Three Node processes start one after the other, which takes long on a busy machine.
describe('npm start', { timeout: 150_000 }, () => {
  describe('without a configuration', () => {
    const keep = keepUntilEnd();
    let start: Awaited<ReturnType<typeof startDemo>>;
    beforeAll(async () => {
      start = await startDemo({}, keep);
      await start.commands();
    }, 150_000);

    it('serves the first user and the first order', async () => {
      const [call] = await start.commands();
      const bearer = { authorization: /Bearer [^']+/.exec(call)?.[0] ?? '' };
      for (const path of ['users/1', 'orders/1']) {
        const response = await fetch(`http://127.0.0.1:${start.ports.PORT}/${path}`, { headers: bearer });
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ id: '1', servedFor: 'alice' });
      }
    });

    it('prints five commands that work as described', async () => {
      const [call, cached, noToken, fallback, health] = await start.commands();

      expect(await sh(call)).toMatch(/^HTTP\/1\.1 200 .*"user":"alice".*"servedFor":"alice"/s);
      await sh(cached);
      expect(await sh(cached)).toMatch(/^HTTP\/1\.1 200 .*cache-status: .*hit.*took /is);
      expect(await sh(noToken)).toMatch(/^HTTP\/1\.1 401 /);
      expect(await sh(fallback)).toMatch(/HTTP\/1\.1 503 .*Orders are resting/s);
      // Probes run every five seconds with a jitter of a tenth.
      const page = await until('orders is degraded', async () => {
        const { details } = JSON.parse(await sh(health)) as Health;
        return details['orders']?.status === 'degraded' && details;
      });
      expect(page).toMatchObject({ users: { status: 'up' }, orders: { status: 'degraded' } });
      expect(start.process.lines).toContain('orders stopped. It restarts in 20 s.');
    });

    it('stops everything it started on SIGTERM, and exits with 0', async () => {
      start.process.kill('SIGTERM');

      expect(await start.process.exited).toBe(0);
      for (const port of Object.values(start.ports)) await expectNobodyAt(port);
    });
  });

  it('stops the demo services when the gateway exits by itself, and suggests other ports', async () => {
    const stranger = await listen(createServer());
    const start = await startDemo({ PORT: new URL(stranger).port });

    expect(await start.process.exited).toBe(1);
    expect(start.process.stderr).toContain('PORT=8081 MANAGEMENT_PORT=9091 npm start');
    expect(start.process.lines.join('\n')).not.toContain('Breakwater is ready');
    await expectNobodyAt(start.ports.DEMO_USERS_PORT);
    await expectNobodyAt(start.ports.DEMO_ORDERS_PORT);
  });

  it.each(['PORT', 'MANAGEMENT_PORT'])('rejects a %s that is not a port', async (name) => {
    const process = spawnScript(['scripts/start.mjs'], { GATEWAY_CONFIG: '', [name]: 'eighty' });
    expect(await process.exited).toBe(1);
    expect(process.stderr).toBe(`${name} must be a port from 1 to 65535, but it is eighty.\n`);
  });
});

describe('npm start -- -c FILE', { timeout: 90_000 }, () => {
  it('runs the gateway with that file and without the demo', async () => {
    const file = await temporaryFile('mine.yaml', MINE);
    const run = spawnScript(['scripts/start.mjs', '-c', file], { GATEWAY_CONFIG: '/nonexistent/other.yaml' });
    const { url } = await run.json(({ msg }) => msg === 'listening');
    expect((await fetch(`${String(url)}/health/ready`)).status).toBe(200);
    expect(run.lines.join('\n')).not.toContain('Breakwater is ready');

    run.kill('SIGTERM');

    expect(await run.exited).toBe(0);
  });

  it.each<[string, string[], (file: string) => Record<string, string>]>([
    ['the file in GATEWAY_CONFIG', [], (file) => ({ GATEWAY_CONFIG: file })],
    [
      'a file in the directory that it was typed in',
      ['--config', 'mine.yaml'],
      (file) => ({ GATEWAY_CONFIG: '', npm_lifecycle_event: 'start', INIT_CWD: dirname(file) }),
    ],
  ])('reads %s', async (_, args, env) => {
    const file = await temporaryFile('mine.yaml', 'upstreams: 1');
    const run = spawnScript(['scripts/start.mjs', ...args], env(file));
    expect(await run.exited).toBe(1);
    expect(run.stderr).toContain(`${file}:1:12 upstreams: `);
  });

  it.each([['--port', '80'], ['mine.yaml'], ['-c']])('prints its usage on %s', async (...args) => {
    const run = spawnScript(['scripts/start.mjs', ...args], { GATEWAY_CONFIG: '' });
    expect(await run.exited).toBe(1);
    expect(run.stderr).toMatch(/\nusage: npm start, or npm start -- -c gateway\.yaml\n$/);
    expect(run.stderr).not.toMatch(/^\s+at /m);
  });
});

async function startDemo(wish: Partial<Ports> = {}, keepUntil?: KeepUntil) {
  const ports = {
    PORT: await freePort(),
    MANAGEMENT_PORT: await freePort(),
    DEMO_USERS_PORT: await freePort(),
    DEMO_ORDERS_PORT: await freePort(),
    ...wish,
  };
  const process = spawnScript(['scripts/start.mjs'], { ...ports, GATEWAY_CONFIG: '' }, keepUntil);
  const commands = async () => {
    await until('the banner', () => process.lines.some((line) => line.startsWith('Ctrl-C')), 120_000);
    return process.lines.filter((line) => line.startsWith('curl ')) as [
      string,
      string,
      string,
      string,
      string,
    ];
  };
  return { process, ports, commands };
}

/** Runs a command line in a shell. */
async function sh(command: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', command])).stdout;
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

const expectNobodyAt = (port: string) =>
  expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
