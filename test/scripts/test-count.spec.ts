import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFile } from '../support/process.js';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures?: readonly string[];
}

// A script, without types.
const { countTests } = (await import(new URL('../../scripts/lib/test-count.mjs', import.meta.url).href)) as {
  countTests: (path: string, exitCode: number) => Counts;
};

const report = (rest: object = {}) => ({
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: 'passed', name: 'c.spec.ts', assertionResults: [{ status: 'passed' }] }],
  ...rest,
});
const brokenFile = { status: 'failed', name: 'a.spec.ts', message: '', assertionResults: [] };
const failedFile = {
  status: 'failed',
  name: 'b.spec.ts',
  assertionResults: [{ status: 'passed' }, { status: 'failed', fullName: '', failureMessages: [] }],
};

describe('the count of `npm test`', () => {
  it.each<[string, number, object, Counts]>([
    ['what passed', 0, report(), { passed: 3, failed: 0, skipped: 0 }],
    [
      'what failed, each test once',
      1,
      report({ numFailedTests: 1, testResults: [failedFile] }),
      { passed: 3, failed: 1, skipped: 0 },
    ],
    [
      'a file that does not load as a failure',
      1,
      report({ numFailedTests: 1, testResults: [failedFile, brokenFile] }),
      { passed: 3, failed: 2, skipped: 0 },
    ],
    [
      'what was skipped or is yet to be written',
      0,
      report({ numPendingTests: 2, numTodoTests: 1 }),
      { passed: 3, failed: 0, skipped: 3 },
    ],
    ['an exit code without a failed test as one', 1, report(), { passed: 3, failed: 1, skipped: 0 }],
    ['a run of nothing as a failure', 0, report({ numPassedTests: 0 }), { passed: 0, failed: 1, skipped: 0 }],
  ])('counts %s', async (_, exitCode, written, counts) => {
    expect(countTests(await temporaryFile('report.json', JSON.stringify(written)), exitCode)).toMatchObject(
      counts,
    );
  });

  it('lists each failure with its file, its name and the message without its stack', async () => {
    const failed = {
      status: 'failed',
      fullName: 'a breaker opens',
      failureMessages: ['\u001b[31mError: expected 1\u001b[39m\n\n- 1\n+ 2\n    at /code/file.ts:1:2'],
    };
    const written = report({
      numFailedTests: 2,
      testResults: [
        { ...brokenFile, name: join(process.cwd(), 'test/broken.spec.ts'), message: 'No such module' },
        { status: 'failed', name: join(process.cwd(), 'test/a.spec.ts'), assertionResults: [failed] },
        { status: 'passed', name: join(process.cwd(), 'test/b.spec.ts'), assertionResults: [] },
      ],
    });
    const file = await temporaryFile('report.json', JSON.stringify(written));
    expect(countTests(file, 1).failures).toEqual([
      'test/broken.spec.ts\n    No such module',
      'test/a.spec.ts > a breaker opens\n    Error: expected 1\n\n    - 1\n    + 2',
    ]);
  });

  it('lists an exit code without a failed test', async () => {
    const file = await temporaryFile('report.json', JSON.stringify(report()));
    expect(countTests(file, 0).failures).toEqual([]);
    expect(countTests(file, 1).failures).toEqual(['vitest exited with 1: 3 tests passed and none failed.']);
  });

  it.each(['', '{"numPassedTests": 3'])('counts a truncated report as a failure: %j', async (text) => {
    const file = await temporaryFile('report.json', text);
    const failures = ['vitest exited with 0 before it wrote its report.'];
    expect(countTests(file, 0)).toEqual({ passed: 0, failed: 1, skipped: 0, failures });
    expect(countTests(`${file}.missing`, 0)).toEqual({ passed: 0, failed: 1, skipped: 0, failures });
  });
});
