import { findOnPath } from '../find-on-path.mjs';
import { freePort, ServerProcess } from '../processes.mjs';

/** Starts the Redis of the contenders that use one. @returns {Promise<{ server: ServerProcess, url: string } | undefined>} */
export async function startRedis(directory, core) {
  if (!findOnPath('redis-server')) return undefined;
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory];
  const launch = { command: ['redis-server', ...options], url: `http://127.0.0.1:${port}` };
  const server = new ServerProcess('Redis', launch, core);
  await server.url();
  return { server, url: `redis://127.0.0.1:${port}` };
}
