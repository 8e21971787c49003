import { findOnPath } from '../find-on-path.mjs';
import { freePort, ServerProcess } from '../processes.mjs';

/** Starts the Redis of the contenders that use one. @returns {Promise<string | undefined>} its URL */
export async function startRedis(directory, core) {
  if (!findOnPath('redis-server')) return undefined;
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', directory];
  const launch = { command: ['redis-server', ...options], url: `http://127.0.0.1:${port}` };
  await new ServerProcess('Redis', launch, core).url();
  return `redis://127.0.0.1:${port}`;
}
