// `npm run helm` builds what the suites of the chart use and is not there yet: helm 3, and helm 4 where it can be built.
import { runMain } from './lib/children.mjs';
import { ensureHelm } from './lib/helm.mjs';
import { SetupError } from './lib/project.mjs';

await runMain(async () => {
  console.log(await ensureHelm(3));
  try {
    console.log(await ensureHelm(4));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.warn(`The chart is tested with helm 3 only. ${error.message}`);
  }
  return 0;
});
