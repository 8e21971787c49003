import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { spawnScript, temporaryFile } from '../support/process.js';

/** Runs a suite within this one; what it needs is installed and built already. */
async function npmTest(path: string, env: Record<string, string> = {}) {
  const run = spawnScript(['scripts/test.mjs', path], { BREAKWATER_SYSTEM_SETUP: '0', ...env });
  const code = await run.exited;
  return { code, output: run.lines.join('\n'), last: run.lines.at(-1) };
}

// A first run may have to build.
describe('npm test', { timeout: 120_000 }, () => {
  it('runs the suites under a path and ends with the count', async () => {
    const { code, output, last } = await npmTest('src/common/http/http-date.spec.ts');
    expect(output).toContain('src/common/http/http-date.spec.ts');
    expect(output).not.toContain('head.spec.ts');
    expect([code, last]).toEqual([0, expect.stringMatching(/^[1-9]\d* passed, 0 failed$/)]);
  });

  it('fails when there is nothing to run, and says so in the file of failures', async () => {
    const file = await temporaryFile('failures', 'before\n');
    const { code, last } = await npmTest('src/nowhere.spec.ts', { FAILURES_FILE: file });
    expect([code, last]).toEqual([1, '0 passed, 1 failed']);
    expect(await readFile(file, 'utf8')).toMatch(/^before\nvitest exited with 1: .*\n$/);
  });
});
