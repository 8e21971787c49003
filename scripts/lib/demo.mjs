import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode, runQuietly, startChild, stopChildren, stopping } from './children.mjs';
import { banner } from './demo-banner.mjs';
import { startService } from './demo-service.mjs';
import { cli, inRoot, runtime, SetupError } from './project.mjs';

const config = inRoot('test/demo/gateway.yaml');
const readyWithinMs = 60_000;

/**
 * Runs two services and a gateway in front of them until Ctrl-C.
 * @returns {Promise<number>} the exit code: 0 after a signal, 1 when the gateway exited by itself
 */
export async function runDemo() {
  // `||` treats an empty variable as unset, like `${PORT:-8080}` in the configuration.
  const port = portFrom('PORT', 8080);
  const managementPort = portFrom('MANAGEMENT_PORT', 9090);
  const usersPort = await startService('users', process.env.DEMO_USERS_PORT);
  const ordersPort = await startService('orders', process.env.DEMO_ORDERS_PORT);
  const env = {
    ...process.env,
    USERS_URL: `http://127.0.0.1:${usersPort}`,
    ORDERS_URL: `http://127.0.0.1:${ordersPort}`,
    JWT_SECRET: randomBytes(32).toString('base64url'),
    REDIS_URL: '', // The demo must not write to a Redis of the user.
  };

  // Checked first, since another server on the port would look like our gateway being ready.
  const taken = (await isTaken(port)) || (await isTaken(managementPort));
  const gateway = startChild(runtime(), [cli, 'start', '-c', config], { env });
  const ended = exitCode(gateway);

  if (!taken && (await isReady(port, gateway))) {
    const token = await demoToken(env);
    console.log(banner({ port, managementPort, ordersPort, token }));
  }
  await ended;
  const asked = stopping();
  await stopChildren();
  if (asked) return 0;
  console.error('The gateway exited unexpectedly. Its output is above.');
  if (taken) console.error('To use other ports, run: PORT=8081 MANAGEMENT_PORT=9091 npm start');
  return 1;
}

function portFrom(name, usual) {
  const port = Number(process.env[name] || usual);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new SetupError(`${name} must be a port from 1 to 65535, but it is ${process.env[name]}.`);
}

async function isTaken(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** @returns {Promise<boolean>} false when the gateway ended before it was ready */
async function isReady(port, gateway) {
  const deadline = Date.now() + readyWithinMs;
  while (gateway.exitCode === null && gateway.signalCode === null) {
    if (await answersReady(port)) return true;
    if (Date.now() > deadline) {
      throw new SetupError(
        `The gateway was not ready within ${readyWithinMs / 1000} s. Its output is above.`,
      );
    }
    await sleep(100);
  }
  return false;
}

async function answersReady(port) {
  try {
    const signal = AbortSignal.timeout(1000);
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false; // The gateway does not listen yet.
  }
}

async function demoToken(env) {
  const claims = [
    '--provider',
    'demo',
    '--sub',
    'alice',
    '--scopes',
    'users:read orders:read',
    '--expires',
    '8h',
  ];
  const { code, stdout, stderr } = await runQuietly(runtime(), [cli, 'token', '-c', config, ...claims], {
    env,
  });
  if (code !== 0) throw new SetupError(`${stderr}The demo token could not be created. The reason is above.`);
  return stdout.trim();
}
