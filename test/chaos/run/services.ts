import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { ended, firstLine, start } from './children.js';
import { FaultyProcess } from './faulty-process.js';
import type { Service } from './types.js';

/** Milliseconds that `users` and `orders` take, so that twice the baseline is more than the noise of a busy machine. */
const LATENCY = 50;

const COMMANDS: Readonly<Record<Service, readonly string[]>> = {
  users: ['test/demo/upstream.ts', 'users', '--latency', String(LATENCY)],
  orders: ['test/demo/upstream.ts', 'orders', '--latency', String(LATENCY)],
  live: ['test/chaos/run/live-service.ts'],
};

/** Starts a service on a port of its own. */
export async function startService(service: Service): Promise<FaultyProcess> {
  return FaultyProcess.start(await freePort(), async (port) => {
    const child = start(process.execPath, [...COMMANDS[service], '--port', String(port)], {
      // That the port is still in use is no error: it is tried again.
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return (await firstLine(child, (line) => line.includes('listening'))) === undefined ? undefined : child;
  });
}

export const hasRedis = () => spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** Starts a Redis that keeps nothing on disk. */
export async function startRedis(folder: string): Promise<FaultyProcess> {
  return FaultyProcess.start(await freePort(), async (port) => {
    const args = ['--port', String(port), '--save', '', '--bind', '127.0.0.1', '--dir', folder];
    const child = start('redis-server', args);
    if ((await firstLine(child, (line) => line.includes('Ready to accept connections'))) !== undefined)
      return child;
    await ended(child);
    return undefined;
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // TCP, so never the name of a pipe.
  server.close();
  await once(server, 'close');
  return port;
}
