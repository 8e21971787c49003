import { describe, expect, it } from 'vitest';
import { temporaryFile } from '../support/process.js';

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
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
  testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }],
  ...rest,
});
const brokenFile = { status: 'failed', assertionResults: [] };
const failedFile = { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] };

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
    expect(countTests(await temporaryFile('report.json', JSON.stringify(written)), exitCode)).toEqual(counts);
  });

  it.each(['', '{"numPassedTests": 3'])('counts a truncated report as a failure: %j', async (text) => {
    const file = await temporaryFile('report.json', text);
    expect(countTests(file, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countTests(`${file}.missing`, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
