import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runForeground } from './children.mjs';
import { inRoot, runtime } from './project.mjs';
import { countTests } from './test-count.mjs';

/**
 * Runs vitest.
 *
 * @param {string[]} args of `vitest run`
 * @param {string[]} [launcher] the beginning of a command that runs the command after it
 * @returns {Promise<{ code: number, passed: number, failed: number, skipped: number }>}
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

/** Prints the counts of a run. @returns {number} the exit code */
export function report({ code, passed, failed, skipped }) {
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 ? code || 1 : code;
}
