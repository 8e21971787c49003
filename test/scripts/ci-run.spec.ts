import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnProcess } from '../support/process.js';

/** Runs `.ci/run` with an `npm` that prints its arguments and then runs this script. */
async function ciRun(npm: string) {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, '.ci'));
  await cp('.ci/run', join(folder, '.ci/run'));
  await writeFile(join(folder, 'npm'), `#!/bin/sh\necho "npm $*, CI=$CI"\n${npm}\n`);
  await chmod(join(folder, 'npm'), 0o755);
  const run = spawnProcess('bash', [join(folder, '.ci/run')], {
    PATH: `${folder}:${process.env['PATH']}`,
    CI: '',
  });
  return { code: await run.exited, lines: run.lines };
}

/** @returns a script whose two test runs do as these lines say, and whose other steps pass */
function testRuns(test: string, soak: string): string {
  return `case "$*" in test) ${test};; 'run test:soak') ${soak};; esac`;
}

describe('.ci/run', () => {
  it('runs every step with CI set and ends with the counts of both test runs added up', async () => {
    const { code, lines } = await ciRun(
      testRuns('echo "7 passed, 0 failed"; echo "more output"', 'echo "2 passed, 0 failed, 1 skipped"'),
    );
    expect(lines.filter((line) => line.startsWith('npm '))).toEqual([
      'npm ci --include=dev, CI=true',
      'npm run helm, CI=true',
      'npm run lint, CI=true',
      'npm run typecheck, CI=true',
      'npm test, CI=true',
      'npm run test:soak, CI=true',
    ]);
    expect([code, lines.at(-1)]).toEqual([0, '9 passed, 0 failed']);
  });

  it.each(['ci', 'helm', 'lint', 'typecheck'])(
    'stops when `npm %s` fails, and still ends with a count',
    async (step) => {
      const { code, lines } = await ciRun(`case "$*" in *${step}*) exit 3;; esac`);
      expect([code, lines.at(-1)]).toEqual([3, '0 passed, 1 failed']);
      expect(lines.join('\n')).not.toContain('npm test');
    },
  );

  const FINE = 'echo "5 passed, 0 failed"';
  const FAILING = 'echo "5 passed, 2 failed, 1 skipped"; exit 1';
  it.each([
    ['the first test run fails', FAILING, FINE, '10 passed, 2 failed'],
    ['the soak run fails', FINE, FAILING, '10 passed, 2 failed'],
    ['both test runs fail', FAILING, FAILING, '10 passed, 4 failed'],
    ['the first test run prints no count', 'true', FINE, '5 passed, 1 failed'],
    ['the soak run prints no count', FINE, 'exit 1', '5 passed, 1 failed'],
    ['a test run fails without a failed test', `${FINE}; exit 1`, FINE, '10 passed, 1 failed'],
  ])('runs both test runs, counts the failure and exits with 1 when %s', async (_, test, soak, counts) => {
    const { code, lines } = await ciRun(testRuns(test, soak));
    expect([code, lines.at(-1)]).toEqual([1, counts]);
  });
});
