import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runForeground } from './children.mjs';
import { inRoot, runtime } from './project.mjs';
import { countTests } from './test-count.mjs';

const failuresFile = process.env.FAILURES_FILE;
delete process.env.FAILURES_FILE; // Some suites start runs that are meant to fail.

/**
 * Runs vitest.
 *
 * @param {string[]} args of `vitest run`
 * @param {string[]} [launcher] the beginning of a command that runs the command after it
 * @returns {Promise<{ code: number, passed: number, failed: number, skipped: number, failures: string[] }>}
 */
export async function runVitest(args, launcher = []) {
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-test-'));
  try {
    const file = join(folder, 'report.json');
    const vitest = inRoot('node_modules/vitest/vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const [command, ...rest] = [...launcher, runtime(), vitest, 'run', ...reporters, ...args];
    const code = await runForeground(command, rest);
    return { code, ...countTests(file, code) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prints the counts of a run, and writes its failures into the file that `.ci/run` prints. @returns {number} the exit code */
export function report({ code, passed, failed, skipped, failures }) {
  if (failuresFile) appendFileSync(failuresFile, failures.map((failure) => `${failure}\n`).join(''));
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 ? code || 1 : code;
}
