// `npm run test:kubernetes` installs the chart on a Kubernetes node of its own. Where such a node cannot run, it says why
// and exits with 0. See CONTRIBUTING.md. Further arguments go to vitest.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMain, stopChildren, stopping } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { inNamespaces, prepareKubernetes, removeControlGroups, withinS } from './lib/kubernetes.mjs';
import { SetupError } from './lib/project.mjs';
import { report, runVitest } from './lib/suite.mjs';

await runMain(async () => {
  await ensureInstalled();
  let tooSlow = false;
  const limit = setTimeout(() => {
    tooSlow = true;
    void stopChildren();
  }, withinS * 1000);
  const state = mkdtempSync(join(tmpdir(), 'breakwater-kubernetes-'));
  try {
    Object.assign(process.env, await prepareKubernetes(), { KUBERNETES_STATE: state });
    const result = await runVitest(['--mode', 'kubernetes', ...process.argv.slice(2)], inNamespaces());
    const skipped = join(state, 'skipped');
    return existsSync(skipped) ? skip(readFileSync(skipped, 'utf8')) : report(result);
  } catch (error) {
    if (tooSlow) return skip(`the preparation took more than ${withinS / 60} minutes.`);
    if (!(error instanceof SetupError) || stopping()) throw error;
    return skip(error.message);
  } finally {
    clearTimeout(limit);
    await removeControlGroups();
    rmSync(state, { recursive: true, force: true });
  }
});

function skip(reason) {
  console.log(`Skipped the Kubernetes suite: ${reason}`);
  console.log('0 passed, 0 failed');
  return 0;
}
