import { readFileSync } from 'node:fs';

/**
 * Counts what vitest reported. `failed` is at least 1 for every run that is not a success, so that the counts alone
 * never look better than the exit code.
 * @param {string} path of vitest's JSON report
 * @param {number} exitCode vitest's
 */
export function countTests(path, exitCode) {
  const report = readReport(path);
  if (!report) return { passed: 0, failed: 1, skipped: 0 };

  const passed = report.numPassedTests;
  const failed = report.numFailedTests + report.testResults.filter(failedToLoad).length;
  const skipped = report.numPendingTests + report.numTodoTests;
  const ranNothing = passed + failed === 0;
  return { passed, failed: exitCode !== 0 || ranNothing ? Math.max(failed, 1) : failed, skipped };
}

/** A file that failed outside of its tests, in an import or a hook. vitest counts no failed test there. */
const failedToLoad = (file) =>
  file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed');

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // vitest ended before it wrote the complete report.
  }
}
