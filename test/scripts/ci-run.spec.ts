import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnProcess } from '../support/process.js';

/** Runs `.ci/run` with an `npm` that is this script. */
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

describe('.ci/run', () => {
  it('runs every step with CI set, so that nothing is skipped, and ends with the count', async () => {
    const { code, lines } = await ciRun('[ "$1" != test ] || echo "7 passed, 0 failed"; echo "after it"');
    expect(code).toBe(0);
    expect(lines.filter((line) => line.startsWith('npm '))).toEqual([
      'npm ci --include=dev, CI=true',
      'npm run lint, CI=true',
      'npm run typecheck, CI=true',
      'npm test, CI=true',
    ]);
    expect(lines.at(-1)).toBe('7 passed, 0 failed');
  });

  it.each(['ci', 'lint', 'typecheck'])(
    'ends with a count when `npm %s` fails, and goes no further',
    async (step) => {
      const { code, lines } = await ciRun(`case "$*" in *${step}*) exit 3;; esac`);
      expect(code).toBe(3);
      expect(lines.at(-1)).toBe('0 passed, 1 failed');
      expect(lines.join('\n')).not.toContain('npm test');
    },
  );

  it('ends with the count of tests that failed, and without 0', async () => {
    const { code, lines } = await ciRun(
      '[ "$1" != test ] || { echo "5 passed, 2 failed, 1 skipped"; exit 1; }',
    );
    expect([code, lines.at(-1)]).toEqual([1, '5 passed, 2 failed']);
  });

  it.each([0, 1])('does not end with 0 when no tests were counted: exit code %d', async (npmCode) => {
    const { code, lines } = await ciRun(`[ "$1" != test ] || exit ${npmCode}`);
    expect([code, lines.at(-1)]).toEqual([1, '0 passed, 1 failed']);
  });
});
