import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BINARIES, STATE } from './places.js';

/** A part of the node does not start here. That says nothing about Breakwater, so the suite is skipped. */
export class PartError extends Error {}

const LAST_LINES = 15;
/** Several times what each part takes on two busy cores. */
const READY_WITHIN_MS = 120_000;

/**
 * Starts a process of the node and waits until it is ready. Nothing stops it: it ends with the namespace of the suite.
 *
 * @param options of its command line
 * @throws PartError with the end of its log when it exits or is not ready in time
 */
export async function startPart(
  command: string,
  options: Readonly<Record<string, string>>,
  isReady: () => boolean | Promise<boolean>,
): Promise<void> {
  const log = join(STATE, 'logs', `${command}.log`);
  mkdirSync(join(STATE, 'logs'), { recursive: true });
  const output = openSync(log, 'a');
  // Nothing else of our environment, such as the proxy of the machine, concerns the node.
  const env = { PATH: `${BINARIES}:${process.env['PATH']}`, HOME: STATE };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(command, args, { stdio: ['ignore', output, output], env });
  closeSync(output);
  child.unref();
  const failure = await readiness(child, isReady);
  if (failure === undefined) return;
  const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-LAST_LINES);
  throw new PartError(`${command} ${failure}. The end of its log:\n${lines.join('\n')}`);
}

/** @returns why it is not ready */
async function readiness(
  child: ChildProcess,
  isReady: () => boolean | Promise<boolean>,
): Promise<string | undefined> {
  const end: { reason?: string } = {};
  child.once('error', (error) => (end.reason = `did not start: ${error.message}`));
  child.once('exit', (code, signal) => (end.reason = `exited with ${code ?? signal}`));
  const deadline = performance.now() + READY_WITHIN_MS;
  while (end.reason === undefined) {
    const ready = await Promise.resolve(isReady()).catch(() => false);
    if (ready) return undefined;
    if (performance.now() > deadline) return `was not ready within ${READY_WITHIN_MS / 1000} s`;
    await sleep(100);
  }
  return end.reason;
}

/**
 * Runs a command of the operating system that the node needs.
 *
 * @throws PartError with its output when it fails
 */
export async function run(command: string, ...args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { timeout: READY_WITHIN_MS })).stdout;
  } catch (error) {
    throw new PartError(`\`${[command, ...args].join(' ')}\` failed: ${(error as Error).message}`);
  }
}
