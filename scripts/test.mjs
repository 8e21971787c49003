// `npm test` installs what is missing and runs the suites; `npm run test:soak` runs the long ones. Further arguments go
// to vitest: `npm test -- src/common`.
import { ensureBuilt } from './lib/build.mjs';
import { runMain } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { report, runVitest } from './lib/suite.mjs';
import { ensureSystemParts } from './lib/system-parts.mjs';

const given = process.argv.slice(2);
const args = given[0] === '--soak' ? ['--mode', 'soak', ...given.slice(1)] : given;

await runMain(async () => {
  await ensureInstalled();
  await ensureSystemParts();
  await ensureBuilt(); // Some end-to-end suites start dist/cli.js.
  return report(await runVitest(args));
});
