import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startChild, stopping } from './children.mjs';
import { inRoot, runtime, SetupError } from './project.mjs';

const backAfterMs = 20_000;

/**
 * Starts a demo service and, whenever it stops, starts it again on the same port a little later, so that the
 * gateway can be watched both losing a service and getting it back.
 * @returns {Promise<number>} its port
 */
export async function startService(name, wantedPort) {
  const args = [inRoot('test/demo/upstream.ts'), name, '--port', String(wantedPort || 0)];
  const child = startChild(runtime(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  if (line === undefined)
    throw new SetupError(`The demo service ${name} did not start. Its output is above.`);

  const { port } = JSON.parse(line);
  child.once('exit', () => {
    if (!stopping()) restartLater(name, port);
  });
  return port;
}

function restartLater(name, port) {
  console.log(`\n${name} stopped. It restarts in ${backAfterMs / 1000} s.\n`);
  const restart = async () => {
    try {
      await startService(name, port);
      console.log(`\n${name} is running again.\n`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      console.error(error.message);
    }
  };
  // The timer is unreferenced, so that it does not outlive the gateway.
  setTimeout(() => void restart(), backAfterMs).unref();
}
