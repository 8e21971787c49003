import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { exitCode, runQuietly, startChild, stopChildren, stopping } from './children.mjs';
import { cli, inRoot, runtime, SetupError } from './project.mjs';
import { isOnPath } from './system-parts.mjs';

/**
 * Runs an example until Ctrl-C. Its `example.json` lists its `services`, and says whether it needs `redis`, how many
 * `gateways` it has, and what its `token` contains. With a `program`, that is compiled and run in place of the gateway.
 *
 * @returns {Promise<number>} the exit code: 0 after a signal, 1 when a gateway exited by itself
 */
export async function runExample(name) {
  const folder = inRoot('examples', name);
  const { services, redis, gateways = 1, program, token } = readJson(join(folder, 'example.json'));
  const env = { ...process.env, JWT_SECRET: randomBytes(32).toString('base64url') };
  const lines = [];
  for (const service of services) {
    const child = start([join(folder, 'services.ts'), service], { env });
    const { port } = await child.line(({ port }) => port);
    env[`${service.toUpperCase()}_URL`] = `http://127.0.0.1:${port}`;
    lines.push(`  ${service.padEnd(10)} http://127.0.0.1:${port}  pid ${child.pid}`);
  }
  if (redis && !env.REDIS_URL) {
    const server = await startRedis();
    env.REDIS_URL = server.url;
    lines.push(`  ${'redis'.padEnd(10)} ${server.url}  pid ${server.pid}`);
  }
  const args = program
    ? [await compile(folder, program)]
    : [cli, 'start', '-c', join(folder, 'gateway.yaml')];
  const started = [];
  for (let i = 0; i < gateways; i++) {
    const ports = { PORT: nth('PORT', 8080, i), MANAGEMENT_PORT: nth('MANAGEMENT_PORT', 9090, i) };
    const gateway = start(args, { cwd: folder, env: { ...env, ...ports }, echo: true });
    started.push(gateway);
    const { url, managementUrl } = await gateway.line(({ msg }) => msg === 'listening');
    lines.unshift(`  ${'gateway'.padEnd(10)} ${url}${managementUrl ? `  dashboard ${managementUrl}/` : ''}`);
  }
  console.log(`
The example ${name} is ready. examples/${name}/README.md lists what to try.

${lines.join('\n')}

A token for the user ${token.sub}, valid for 8 hours:
TOKEN=${await makeToken(folder, token, env)}

Ctrl-C stops everything. The log follows.
`);
  await Promise.race(started.map(({ ended }) => ended));
  const asked = stopping();
  await stopChildren();
  if (asked) return 0;
  console.error('A gateway exited unexpectedly. Its output is above.');
  return 1;
}

/**
 * Starts a script whose output is read.
 * @param {{ echo?: boolean }} options whether its lines are printed as well
 */
function start(args, { echo = false, command = runtime(), ...options }) {
  const child = startChild(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const output = createInterface({ input: child.stdout });
  if (echo) output.on('line', (line) => console.log(line));
  const what = args.at(-1);
  return {
    pid: child.pid,
    output,
    ended: exitCode(child),
    /** @returns the first line of JSON that is accepted */
    line: (isWanted) =>
      new Promise((resolve, reject) => {
        output.on('line', (line) => {
          const value = line.startsWith('{') && JSON.parse(line);
          if (value && isWanted(value)) resolve(value);
        });
        output.once('close', () => reject(new SetupError(`${what} did not start. Its output is above.`)));
      }),
  };
}

/** The ports of further gateways follow that of the first; 0 is any free port. */
function nth(name, usual, i) {
  const first = Number(process.env[name] || usual);
  return String(first === 0 ? 0 : first + i);
}

async function startRedis() {
  if (!isOnPath('redis-server')) {
    throw new SetupError(
      'This example needs Redis, and redis-server is not on PATH. Install it (Debian: apt-get install redis-server, ' +
        'macOS: brew install redis), or name a Redis of yours: REDIS_URL=redis://127.0.0.1:6379',
    );
  }
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = start(options, { command: 'redis-server' });
  await new Promise((resolve, reject) => {
    server.output.on('line', (line) => line.includes('Ready to accept connections') && resolve());
    server.output.once('close', () => reject(new SetupError('redis-server did not start.')));
  });
  return { pid: server.pid, url: `redis://127.0.0.1:${port}` };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** @returns {Promise<string>} the compiled program */
async function compile(folder, program) {
  const tsc = inRoot('node_modules/typescript/bin/tsc');
  // `npm run typecheck` checks its types.
  const { code, stdout } = await runQuietly(runtime(), [tsc, '-p', folder, '--noCheck']);
  if (code !== 0) throw new SetupError(`${stdout}The example could not be compiled; the output is above.`);
  return join(folder, program.replace('src', 'dist').replace('.ts', '.js'));
}

async function makeToken(folder, { sub, scopes }, env) {
  const claims = ['--provider', 'main', '--sub', sub, '--scopes', scopes, '--expires', '8h'];
  const args = [cli, 'token', '-c', join(folder, 'gateway.yaml'), ...claims];
  const { code, stdout, stderr } = await runQuietly(runtime(), args, { env });
  if (code !== 0) throw new SetupError(`${stderr}The token could not be created. The reason is above.`);
  return stdout.trim();
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
