import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const MESSAGE_LINES = 8;

/**
 * Counts what vitest reported. `failed` is at least 1 for every run that is not a success, so that the counts alone
 * never look better than the exit code.
 * @param {string} path of vitest's JSON report
 * @param {number} exitCode vitest's
 * @returns `failures` has the file, the name and the first lines of the message of each failed test
 */
export function countTests(path, exitCode) {
  const report = readReport(path);
  if (!report) {
    const failure = `vitest exited with ${exitCode} before it wrote its report.`;
    return { passed: 0, failed: 1, skipped: 0, failures: [failure] };
  }

  const failures = report.testResults.flatMap(failuresOf);
  const passed = report.numPassedTests;
  const skipped = report.numPendingTests + report.numTodoTests;
  const failed = report.numFailedTests + report.testResults.filter(failedToLoad).length;
  if (failed === 0 && (exitCode !== 0 || passed === 0)) {
    failures.push(`vitest exited with ${exitCode}: ${passed} tests passed and none failed.`);
    return { passed, failed: 1, skipped, failures };
  }
  return { passed, failed, skipped, failures };
}

/** A file that failed outside of its tests, in an import or a hook. vitest counts no failed test there. */
const failedToLoad = (file) =>
  file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed');

function failuresOf(file) {
  const name = relative(process.cwd(), file.name);
  if (failedToLoad(file)) return [`${name}\n${firstLines(file.message)}`];
  return file.assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => `${name} > ${test.fullName}\n${firstLines(test.failureMessages[0] ?? '')}`);
}

/** @returns the message without its stack, indented */
function firstLines(message) {
  const lines = stripVTControlCharacters(message).split('\n');
  const stack = lines.findIndex((line) => /^\s+at /.test(line));
  const end = Math.min(MESSAGE_LINES, stack < 0 ? lines.length : stack);
  return lines
    .slice(0, end)
    .map((line) => `    ${line}`.trimEnd())
    .join('\n');
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // vitest ended before it wrote the complete report.
  }
}
