import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const running = new Set<ChildProcess>();
// SIGKILL also ends a process that is frozen.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ChildOptions {
  readonly env?: Record<string, string | undefined>;
  readonly stdio?: StdioOptions;
}

/** Starts a process that never outlives this one. */
export function start(command: string, args: readonly string[], options: ChildOptions = {}): ChildProcess {
  const { env = process.env, stdio = ['ignore', 'pipe', 'inherit'] } = options;
  const child = spawn(command, args, { cwd: ROOT, env, stdio });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  return child;
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

export async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}

/** @returns the lines of stdout, which are read from now on */
export function linesOf({ stdout }: ChildProcess): Interface {
  if (!stdout) throw new Error('stdout of the process is not a pipe.');
  return createInterface(stdout);
}

/** @returns the first line of stdout that is accepted; the rest is read and dropped */
export async function firstLine(
  child: ChildProcess,
  accept: (line: string) => boolean,
): Promise<string | undefined> {
  const lines = linesOf(child);
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      if (accept(line)) resolve(line);
    });
    lines.once('close', () => resolve(undefined));
  });
}

/** Asks a process to end, and ends it after a time limit. */
export async function stop(child: ChildProcess, within = 10_000): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), within);
  await ended(child);
  clearTimeout(timer);
}
