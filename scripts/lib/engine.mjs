import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode, runQuietly, startChild } from './children.mjs';
import { SetupError } from './project.mjs';
import { ensureSystemParts, isOnPath } from './system-parts.mjs';

const startWithinMs = 60_000;
const stopWithinMs = 30_000;

/**
 * Starts a Docker daemon of our own: its files are in memory, it changes no rule of the firewall, and
 * its bridge has a name and addresses that nothing else uses. The ports of a container are published on 127.0.0.1.
 *
 * @returns {Promise<{
 *   docker: (args: string[], options?: { timeout?: number, env?: object }) => Promise<string>,
 *   stop: () => Promise<void>,
 * }>} `docker` runs the command line and returns what it printed, or throws with its errors; `timeout` is in
 * milliseconds, 60 000 by default
 * @throws {SetupError} where no daemon can run, with the reason; nothing is left behind then
 */
export async function startEngine() {
  if (process.platform !== 'linux' || process.getuid() !== 0) {
    throw new SetupError('A Docker daemon can be started only on Linux and as root.');
  }
  await ensureSystemParts(undefined, { dockerd: 'docker.io', ip: 'iproute2' });
  if (!isOnPath('dockerd')) throw new SetupError('dockerd was not found on PATH: install docker.io.');

  const cleanUps = [];
  const stop = async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  };
  try {
    const cli = await findCli();
    const folder = addFolder(cleanUps);
    const socket = `unix://${join(folder, 'docker.sock')}`;
    const docker = (args, options) => run(cli, ['--host', socket, ...args], options);
    const daemon = startDaemon(folder, socket, await addBridge(cleanUps), cleanUps);
    await answer(docker, daemon, folder);
    return { docker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answer(docker, daemon, folder) {
  const deadline = Date.now() + startWithinMs;
  for (;;) {
    try {
      return await docker(['version'], { timeout: 5000 });
    } catch (error) {
      if (daemon.exitCode === null && daemon.signalCode === null && Date.now() < deadline) {
        await sleep(250);
        continue;
      }
      const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
      const reason = lines.slice(-5).join('\n') || error.message;
      throw new SetupError(`dockerd did not start. Its last lines were:\n${reason}`);
    }
  }
}

// Clean-ups are no children, of which none is started any more after Ctrl-C.

/** In memory, about 2 GiB for a build: some disks need a minute to delete the files of an image. */
function addFolder(cleanUps) {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-engine-'));
  cleanUps.push(() => {
    for (const mount of mountsIn(folder)) spawnSync('umount', ['--lazy', mount]);
    rmSync(folder, { recursive: true, force: true });
  });
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', 'breakwater', folder], { encoding: 'utf8' });
  if (status !== 0) throw new SetupError(`No tmpfs can be mounted here: ${stderr}`);
  return folder;
}

function startDaemon(folder, socket, bridge, cleanUps) {
  const options = {
    '--data-root': join(folder, 'data'),
    '--exec-root': join(folder, 'exec'),
    '--pidfile': join(folder, 'pid'),
    '--host': socket,
    '--bridge': bridge,
    '--iptables': false,
    '--ip6tables': false,
    '--ip-forward': false,
    '--ip-masq': false,
  };
  const args = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  const output = openSync(join(folder, 'log'), 'w');
  // It ends with us, also when we are killed and cannot stop it.
  const daemon = startChild('setpriv', ['--pdeathsig', 'TERM', 'dockerd', ...args], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  cleanUps.push(async () => {
    daemon.kill('SIGTERM');
    await Promise.race([exitCode(daemon), sleep(stopWithinMs, undefined, { ref: false })]);
    daemon.kill('SIGKILL');
  });
  return daemon;
}

/** @returns {Promise<string>} the name of a new bridge with a network that no interface of this machine has */
async function addBridge(cleanUps) {
  const taken = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address));
  for (let last = 1; last < 255; last++) {
    const name = `breakwater${last}`;
    const address = `10.213.${last}.1`;
    if (taken.includes(address)) continue;
    try {
      await run('ip', ['link', 'add', name, 'type', 'bridge']);
    } catch (error) {
      if (/File exists/.test(error.message)) continue; // Another run took it just now.
      throw new SetupError(`No network bridge can be made here: ${error.message}`);
    }
    cleanUps.push(() => spawnSync('ip', ['link', 'delete', name]));
    await run('ip', ['address', 'add', `${address}/24`, 'dev', name]);
    await run('ip', ['link', 'set', name, 'up']);
    return name;
  }
  throw new SetupError('All names of bridges are taken.');
}

/** Command lines from version 23 on build with a plugin, which may be missing; the older ones need none. */
async function findCli() {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const cli = join(directory, 'docker');
    if (!existsSync(cli)) continue;
    const [, major] = /version (\d+)\./.exec(await run(cli, ['--version'])) ?? [];
    if (Number(major) < 23) return cli;
    const { code } = await runQuietly(cli, ['buildx', 'version']);
    if (code === 0) return cli;
  }
  throw new SetupError('No docker command that can build was found on PATH: install docker.io.');
}

function mountsIn(folder) {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1]);
  return mounts.filter((mount) => `${mount}/`.startsWith(`${folder}/`)).toReversed();
}

/** @returns {Promise<string>} standard output */
export async function run(command, args, { timeout = 60_000, env = {} } = {}) {
  const options = { timeout, killSignal: 'SIGKILL', env: { ...process.env, ...env } };
  const { code, stdout, stderr } = await runQuietly(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`.trim());
}
