import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { spawnNode, temporaryFile } from '../support/process.js';

const SCRIPT = 'scripts/helm.mjs';

/** Runs `npm run helm` on a machine where `go` is this script, if there is one. */
async function getHelm(go?: string, { isCached = false } = {}) {
  const log = await temporaryFile('go.log', '');
  const folder = dirname(log);
  const bin = join(folder, 'breakwater/bin');
  await mkdir(bin, { recursive: true });
  if (isCached) await writeFile(join(bin, 'helm'), '');
  if (go !== undefined) {
    await writeFile(join(folder, 'go'), `#!/bin/sh\necho "$GOBIN $*" >> ${log}\n${go}\n`);
    await chmod(join(folder, 'go'), 0o755);
  }
  const run = spawnNode([SCRIPT], { PATH: folder, XDG_CACHE_HOME: folder });
  const code = await run.exited;
  return { code, run, bin, asked: await readFile(log, 'utf8') };
}

it('builds helm into the cache folder and prints its path', async () => {
  const { code, run, bin, asked } = await getHelm('exit 0');
  expect([code, run.lines]).toEqual([0, [join(bin, 'helm')]]);
  expect(asked).toMatch(
    new RegExp(`^${bin} install -ldflags=\\S.* helm\\.sh/helm/v3/cmd/helm@v3\\.\\d+\\.\\d+\\n$`),
  );
});

it('does nothing when helm is there', async () => {
  const { code, run, bin, asked } = await getHelm('exit 1', { isCached: true });
  expect([code, run.lines, asked]).toEqual([0, [join(bin, 'helm')], '']);
});

it('fails with what Go reported', async () => {
  const { code, run } = await getHelm('echo no network >&2; exit 1');
  expect(code).toBe(1);
  expect(run.stderr).toContain('helm could not be built. Go reported:\nno network\n');
});

it('fails without Go and says what to install', async () => {
  const { code, run } = await getHelm();
  expect(code).toBe(1);
  expect(run.stderr).toContain('install helm 3 (https://helm.sh/docs/intro/install) or Go');
});
