// `npm run helm` builds the helm that the chart's suites use, unless there is one, and prints its path.
import { runMain } from './lib/children.mjs';
import { ensureHelm } from './lib/helm.mjs';

await runMain(async () => {
  console.log(await ensureHelm());
  return 0;
});
