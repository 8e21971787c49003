import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { root, SetupError } from './project.mjs';

// Children stay in our process group, so that whoever kills the group (a terminal, a CI runner) reaches them even
// when we get no chance to. Signals sent to us alone are passed on.

const running = new Set();
let stopSignal;

/** @returns {boolean} whether a stop signal arrived */
export const stopping = () => stopSignal !== undefined;

/**
 * Starts a child in the project's root; it never outlives us.
 * @throws {SetupError} when a stop was asked for: nothing new is started then
 */
export function startChild(command, args, options = {}) {
  if (stopping()) throw new SetupError(`Stopped by ${stopSignal}.`);
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
  running.add(child);
  const forget = () => running.delete(child);
  child.once('exit', forget);
  child.once('error', forget);
  return child;
}

/** @returns {Promise<number>} the exit code, by the shell's convention 128 + n after signal n */
export async function exitCode(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? 128 + constants.signals[child.signalCode];
}

/** Runs a child that owns our terminal. */
export const runForeground = (command, args, options) => exitCode(startChild(command, args, options));

/**
 * Runs a child and collects its output, which matters only if it fails.
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export async function runQuietly(command, args, options) {
  const child = startChild(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  await once(child, 'close');
  if (stopping()) throw new SetupError(`Stopped by ${stopSignal}.`);
  return { code: await exitCode(child), ...output };
}

/** Stops every child and waits for its end; no further child is started. */
export async function stopChildren() {
  stopSignal ??= 'SIGTERM';
  const children = [...running];
  for (const child of children) {
    child.kill('SIGTERM');
    // One that is frozen takes no other signal.
    if (process.platform !== 'win32') child.kill('SIGCONT');
  }
  await Promise.all(children.map(exitCode));
}

function passOn(signal) {
  stopSignal ??= signal;
  // Windows tells every process of the console, and `kill` would end the child before it has drained.
  if (process.platform === 'win32' && signal === 'SIGINT') return;
  // When the terminal is closed, nobody is left to stop a gateway, which ignores SIGHUP.
  for (const child of running) child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
}

/**
 * Stops the children when the parent process has ended. npm runs scripts in a shell and passes SIGTERM to the shell only;
 * a test runner that was killed sends nothing at all.
 */
function stopWithParent() {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    passOn('SIGTERM');
  }, 250);
  watch.unref();
}

/** Runs a script's `main` (resolves with the exit code) and leaves no child behind, whatever happens. */
export async function runMain(main) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => passOn(signal));
  stopWithParent();
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL');
  });
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = stopping() ? 128 + constants.signals[stopSignal] : 1;
    await stopChildren();
  }
}
