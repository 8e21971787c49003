// `npm test` installs what is missing and runs the suites; `npm run test:soak` runs the long ones. Further arguments go
// to vitest: `npm test -- src/common`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { runForeground, runMain } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { inRoot, runtime } from './lib/project.mjs';
import { ensureSystemParts } from './lib/system-parts.mjs';
import { countTests } from './lib/test-count.mjs';

const given = process.argv.slice(2);
const args = given[0] === '--soak' ? ['--mode', 'soak', ...given.slice(1)] : given;

await runMain(async () => {
  await ensureInstalled();
  await ensureSystemParts();
  await ensureBuilt(); // Some end-to-end suites start dist/cli.js.

  const reportDirectory = mkdtempSync(join(tmpdir(), 'breakwater-test-'));
  try {
    const report = join(reportDirectory, 'report.json');
    const vitest = inRoot('node_modules/vitest/vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const code = await runForeground(runtime(), [vitest, 'run', ...reporters, ...args]);

    const { passed, failed, skipped } = countTests(report, code);
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    return failed > 0 ? code || 1 : code;
  } finally {
    rmSync(reportDirectory, { recursive: true });
  }
});
