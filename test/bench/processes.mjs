import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode, runQuietly, startChild, stopping } from '../../scripts/lib/children.mjs';
import { SetupError } from '../../scripts/lib/project.mjs';
import { processMemory, processSeconds, processTree } from './machine.mjs';

const readyWithinMs = 60_000;
const endsWithinMs = 10_000;

/**
 * @typedef {object} Launch how to run a server
 * @property {string[]} command
 * @property {Record<string, string>} [env]
 * @property {string} [url] its address, of a server that cannot say which port it listens on
 */

const running = new Set();

// A stopped process ignores SIGTERM, and the workers of a server outlive its master when that is killed.
process.on('exit', () => {
  for (const server of running) server.signalAll('SIGKILL');
});

/** Stops every server that still runs. */
export const stopServers = () => Promise.all([...running].map((server) => server.stop()));

/** A server of the benchmark, in processes that are pinned to a core. */
export class ServerProcess {
  /**
   * @param {Launch} launch
   * @param {number | undefined} core where to run; anywhere without it
   */
  constructor(name, { command, env, url }, core) {
    this.name = name;
    this.knownUrl = url;
    const [file, ...args] = pinned(core, command);
    this.child = startChild(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: 'production', ...env },
    });
    this.errors = '';
    this.child.stderr
      .setEncoding('utf8')
      .on('data', (text) => (this.errors = (this.errors + text).slice(-4000)));
    this.lines = createInterface({ input: this.child.stdout });
    this.ended = exitCode(this.child);
    running.add(this);
  }

  /**
   * @returns {Promise<string>} its address, when it listens
   * @throws {SetupError} when it does not start
   */
  async url() {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), readyWithinMs);
    try {
      const url = await (this.knownUrl ? this.untilItListens() : this.announcedUrl());
      if (url) return url;
    } finally {
      clearTimeout(timer);
      // The pipe is drained, since a full one would block the server.
      this.child.stdout.resume();
    }
    throw new SetupError(`${this.errors}${this.name} did not start; its output is above.`);
  }

  /** The JSON line with which a server says that it listens. */
  async announcedUrl() {
    for await (const line of this.lines) {
      if (!line.startsWith('{')) continue;
      const { port, url } = JSON.parse(line);
      if (port || url) return url ?? `http://127.0.0.1:${port}`;
    }
    return undefined;
  }

  async untilItListens() {
    const { hostname, port } = new URL(this.knownUrl);
    while (this.child.exitCode === null && this.child.signalCode === null) {
      if (await accepts(hostname, Number(port))) return this.knownUrl;
      await sleep(20);
    }
    return undefined;
  }

  /** @returns {number} seconds of CPU that its processes used so far; NaN where that is unknown */
  cpuSeconds() {
    return sum(this.tree().map(processSeconds));
  }

  /** @returns {number} bytes of memory of its processes; NaN where that is unknown */
  memory() {
    return sum(this.tree().map(processMemory));
  }

  /** Stops the processes until `resume`, so that their timers take nothing from the one that is measured. */
  pause() {
    this.signalAll('SIGSTOP');
  }

  resume() {
    this.signalAll('SIGCONT');
  }

  signal(name) {
    this.child.kill(name);
  }

  async stop() {
    this.resume();
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.signalAll('SIGKILL'), endsWithinMs);
    await this.ended;
    clearTimeout(timer);
    running.delete(this);
  }

  tree() {
    return processTree(this.child.pid);
  }

  signalAll(name) {
    for (const pid of this.tree()) {
      try {
        process.kill(pid, name);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error; // It has ended by itself.
      }
    }
  }
}

/**
 * Runs a command on a core until it ends.
 * @returns {Promise<string>} what it wrote to stdout
 * @throws {SetupError} when it fails or takes longer than `withinMs`
 */
export async function runPinned(core, command, withinMs) {
  const [file, ...args] = pinned(core, command);
  const options = { timeout: withinMs, killSignal: 'SIGKILL' };
  const { code, stdout, stderr } = await runQuietly(file, args, options);
  if (code === 0) return stdout;
  throw new SetupError(`${stdout}${stderr}${command[0]} failed with exit code ${code}; its output is above.`);
}

/** A helper process on a core, which writes JSON lines and ends when its stdin does. */
export class HelperProcess {
  constructor(core, command) {
    const [file, ...args] = pinned(core, command);
    this.name = command.at(-2);
    this.child = startChild(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** @returns {Promise<any>} the next line */
  async next() {
    const { done, value } = await this.lines.next();
    if (!done) return JSON.parse(value);
    if (stopping()) throw new SetupError('Stopped.');
    throw new SetupError(`${this.name} ended early.`);
  }

  /** @returns {Promise<any>} the line that it writes at its end */
  async finish() {
    this.child.stdin.end();
    const last = await this.next();
    await exitCode(this.child);
    return last;
  }
}

/** @returns {Promise<number>} a port that is free now, for servers that cannot choose one themselves */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(host, port) {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const sum = (values) => values.reduce((total, value) => total + (value ?? NaN), 0);

const pinned = (core, command) =>
  core === undefined ? command : ['taskset', '--cpu-list', String(core), ...command];
