import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../support/gateway.js';
import { spawnNode } from '../support/process.js';
import { until } from '../support/until.js';

interface Ports {
  PORT: string;
  MANAGEMENT_PORT: string;
  DEMO_USERS_PORT: string;
  DEMO_ORDERS_PORT: string;
}

// Three Node processes start one after the other: long on a busy machine.
describe('npm start', { timeout: 90_000 }, () => {
  it('prints five commands that each show what they say', async () => {
    const start = await startDemo();
    const [call, cached, noToken, fallback, health] = await start.commands();

    expect(await sh(call)).toMatch(/^HTTP\/1\.1 200 .*"user":"alice".*"servedFor":"alice"/s);
    await sh(cached);
    expect(await sh(cached)).toMatch(/^HTTP\/1\.1 200 .*cache-status: .*hit.*took /is);
    expect(await sh(noToken)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await sh(fallback)).toMatch(/HTTP\/1\.1 503 .*Orders are resting/s);
    expect(JSON.parse(await sh(health))).toMatchObject({ details: { users: {}, orders: {} } });
    expect(start.process.lines).toContain('orders stopped; it comes back in 20 s.');
  });

  it('stops everything it started on SIGTERM, and exits with 0', async () => {
    const start = await startDemo();
    await start.commands();

    start.process.kill('SIGTERM');

    expect(await start.process.exited).toBe(0);
    for (const port of Object.values(start.ports)) await expectNobodyAt(port);
  });

  it('stops the demo services when the gateway ends by itself, and offers other ports', async () => {
    const stranger = await listen(createServer());
    const start = await startDemo({ PORT: new URL(stranger).port });

    expect(await start.process.exited).toBe(1);
    expect(start.process.stderr).toContain('PORT=8081 MANAGEMENT_PORT=9091 npm start');
    expect(start.process.lines.join('\n')).not.toContain('Breakwater is ready');
    await expectNobodyAt(start.ports.DEMO_USERS_PORT);
    await expectNobodyAt(start.ports.DEMO_ORDERS_PORT);
  });

  it.each(['PORT', 'MANAGEMENT_PORT'])('says so when %s is no port, and starts nothing', async (name) => {
    const process = spawnNode(['scripts/start.mjs'], { GATEWAY_CONFIG: '', [name]: 'eighty' });
    expect(await process.exited).toBe(1);
    expect(process.stderr).toBe(`${name} is a port from 1 to 65535, not eighty.\n`);
  });
});

async function startDemo(wish: Partial<Ports> = {}) {
  const ports = {
    PORT: await freePort(),
    MANAGEMENT_PORT: await freePort(),
    DEMO_USERS_PORT: await freePort(),
    DEMO_ORDERS_PORT: await freePort(),
    ...wish,
  };
  const process = spawnNode(['scripts/start.mjs'], { ...ports, GATEWAY_CONFIG: '' });
  // Asked before the harness kills it, because only then does it take its children along.
  onTestFinished(async () => {
    process.kill('SIGTERM');
    await process.exited;
  });
  const commands = async () => {
    await until('the banner', () => process.lines.some((line) => line.startsWith('Ctrl-C')), 60_000);
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

/** Runs a command as somebody who pasted it. */
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
