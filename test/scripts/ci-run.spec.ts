import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnProcess } from '../support/process.js';

/** Runs `.ci/run` with an `npm` that prints its arguments and then runs this script. */
async function ciRun(npm: string, env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, '.ci'));
  await cp('.ci/run', join(folder, '.ci/run'));
  await writeFile(join(folder, 'npm'), `#!/bin/sh\necho "npm $*, CI=$CI"\n${npm}\n`);
  await chmod(join(folder, 'npm'), 0o755);
  const run = spawnProcess('bash', [join(folder, '.ci/run')], {
    PATH: `${folder}:${process.env['PATH']}`,
    CI: '',
    ...env,
  });
  return { code: await run.exited, lines: run.lines };
}

const FINE = 'echo "5 passed, 0 failed"';
const FAILING = 'echo "5 passed, 2 failed, 1 skipped"; exit 1';

/** @returns a script whose test runs do as these lines say, and whose other steps pass */
function testRuns({ test = FINE, soak = FINE, kubernetes = FINE }): string {
  return `case "$*" in test) ${test};; 'run test:soak') ${soak};; 'run test:kubernetes') ${kubernetes};; esac`;
}

describe('.ci/run', () => {
  it('runs every step with CI set and ends with the counts of all test runs added up', async () => {
    const { code, lines } = await ciRun(
      testRuns({
        test: 'echo "7 passed, 0 failed"; echo "more output"',
        soak: 'echo "2 passed, 0 failed, 1 skipped"',
        kubernetes: 'echo "4 passed, 0 failed"',
      }),
    );
    expect(lines.filter((line) => line.startsWith('npm '))).toEqual([
      'npm ci --include=dev, CI=true',
      'npm audit --omit=dev --fetch-retries=0, CI=true',
      'npm run helm, CI=true',
      'npm run lint, CI=true',
      'npm run typecheck, CI=true',
      'npm test, CI=true',
      'npm run test:soak, CI=true',
      'npm run test:kubernetes, CI=true',
    ]);
    expect([code, lines.at(-1)]).toEqual([0, '13 passed, 0 failed']);
  });

  it('prints the failures of all test runs just before the last line', async () => {
    const fail = (test: string) =>
      `echo '${test}\n    Error: no' >>"$FAILURES_FILE"; echo "1 passed, 1 failed"; exit 1`;
    const { lines } = await ciRun(testRuns({ test: fail('a > b'), soak: fail('c > d') }));
    expect(lines.slice(lines.indexOf('Failed tests:')).filter((line) => line !== '')).toEqual([
      'Failed tests:',
      'a > b',
      '    Error: no',
      'c > d',
      '    Error: no',
      '7 passed, 2 failed',
    ]);
  });

  it('names a test run that failed without a failed test', async () => {
    const { lines } = await ciRun(testRuns({ test: 'exit 7', soak: `${FINE}; exit 3` }));
    expect(lines).toContain('npm test: exited with 7 and without a count');
    expect(lines).toContain('npm run test:soak: exited with 3 and without a failed test');
  });

  it('fails when what is shipped has known vulnerabilities', async () => {
    const audit = 'case "$*" in audit*) echo "# npm audit report"; exit 1;; esac';
    const { code, lines } = await ciRun(`${audit}; ${testRuns({})}`);
    expect([code, lines.at(-1)]).toEqual([1, '15 passed, 1 failed']);
    expect(lines).toContain('npm audit: what is shipped has known vulnerabilities, see the log');
  });

  it('passes without an audit when the registry gives none, and says so', async () => {
    const audit = 'case "$*" in audit*) echo "npm error audit endpoint returned an error" >&2; exit 1;; esac';
    const { code, lines } = await ciRun(`${audit}; ${testRuns({})}`);
    expect([code, lines.at(-1)]).toEqual([0, '15 passed, 0 failed']);
    expect(lines).toContain('npm audit was skipped, because the registry gave no report.');
  });

  it('leaves out Kubernetes when there is no time left for it', async () => {
    // Bash counts on from the seconds that it is given.
    const { code, lines } = await ciRun(testRuns({}), { SECONDS: '1500' });
    expect([code, lines.at(-1)]).toEqual([0, '10 passed, 0 failed']);
    expect(lines).toContain(
      'The Kubernetes suite was skipped, because the suites before it took 25 minutes.',
    );
  });

  it.each(['ci', 'helm', 'lint', 'typecheck'])(
    'stops when `npm %s` fails, and still ends with a count',
    async (step) => {
      const { code, lines } = await ciRun(`case "$*" in *${step}*) exit 3;; esac`);
      expect([code, lines.at(-1)]).toEqual([3, '0 passed, 1 failed']);
      expect(lines.join('\n')).not.toContain('npm test');
    },
  );

  it.each([
    ['the first test run fails', { test: FAILING }, '15 passed, 2 failed'],
    ['the soak run fails', { soak: FAILING }, '15 passed, 2 failed'],
    ['the run on Kubernetes fails', { kubernetes: FAILING }, '15 passed, 2 failed'],
    ['all test runs fail', { test: FAILING, soak: FAILING, kubernetes: FAILING }, '15 passed, 6 failed'],
    ['the first test run prints no count', { test: 'true' }, '10 passed, 1 failed'],
    ['the soak run prints no count', { soak: 'exit 1' }, '10 passed, 1 failed'],
    ['a test run fails without a failed test', { test: `${FINE}; exit 1` }, '15 passed, 1 failed'],
  ])('goes on, counts the failure and exits with 1 when %s', async (_, runs, counts) => {
    const { code, lines } = await ciRun(testRuns(runs));
    expect([code, lines.at(-1)]).toEqual([1, counts]);
  });
});
