import { createInterface } from 'node:readline';
import { exitCode, runQuietly, startChild } from '../../scripts/lib/children.mjs';
import { runtime, SetupError } from '../../scripts/lib/project.mjs';
import { processSeconds } from './machine.mjs';

const readyWithinMs = 30_000;
const endsWithinMs = 10_000;

/** A server of the benchmark in a process that is pinned to a core. */
export class ServerProcess {
  /**
   * @param {string[]} args of Node
   * @param {number | undefined} core where to run; anywhere without it
   */
  constructor(name, args, core) {
    this.name = name;
    const [command, ...rest] = pinned(core, [runtime(), ...args]);
    this.child = startChild(command, rest, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    this.lines = createInterface({ input: this.child.stdout });
  }

  /** @returns {Promise<string>} its address, from the JSON line with which it says that it listens */
  async url() {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), readyWithinMs);
    try {
      for await (const line of this.lines) {
        const { port, url } = JSON.parse(line);
        if (port || url) return url ?? `http://127.0.0.1:${port}`;
      }
    } finally {
      clearTimeout(timer);
      // The pipe is drained, since a full one would block the server.
      this.child.stdout.resume();
    }
    throw new SetupError(`${this.name} did not start within ${readyWithinMs / 1000} s.`);
  }

  /** @returns {number | undefined} seconds of CPU that it used so far */
  cpuSeconds() {
    return processSeconds(this.child.pid);
  }

  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), endsWithinMs);
    await exitCode(this.child);
    clearTimeout(timer);
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

const pinned = (core, command) =>
  core === undefined ? command : ['taskset', '--cpu-list', String(core), ...command];
