import { spawn } from 'node:child_process';
import { TestProcess } from '../../support/process.js';

/** Runs a script of this folder, which ends when its stdin does. */
export function runHelper(name: string, options: object): TestProcess {
  const script = new URL(name, import.meta.url).pathname;
  return new TestProcess(spawn(process.execPath, [script, JSON.stringify(options)], { stdio: 'pipe' }));
}
