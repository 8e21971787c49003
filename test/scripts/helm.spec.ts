import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { spawnNode, temporaryFile } from '../support/process.js';

/** Runs `npm run helm` on a machine where `go` is this script, if there is one. */
async function getHelm(go?: string, { isCached = false, installed = '' } = {}) {
  const log = await temporaryFile('go.log', '');
  const folder = dirname(log);
  const helms = [join(folder, 'breakwater/helm-v3.22.0/helm'), join(folder, 'breakwater/helm-v4.3.2/helm')];
  for (const helm of isCached ? helms : []) {
    await mkdir(dirname(helm), { recursive: true });
    await writeFile(helm, '');
  }
  if (go !== undefined) {
    await writeFile(join(folder, 'go'), `#!/bin/sh\necho "$GOBIN $*" >> ${log}\n${go}\n`);
    await chmod(join(folder, 'go'), 0o755);
  }
  if (installed !== '') {
    await writeFile(join(folder, 'helm'), `#!/bin/sh\necho ${installed}\n`);
    await chmod(join(folder, 'helm'), 0o755);
  }
  const run = spawnNode(['scripts/helm.mjs'], { PATH: folder, XDG_CACHE_HOME: folder });
  const code = await run.exited;
  const asked = (await readFile(log, 'utf8')).trim().split('\n').filter(Boolean);
  return { code, run, helms, asked, onPath: join(folder, 'helm') };
}

it('builds helm 3 and 4 into the cache folder and prints their paths', async () => {
  const { code, run, helms, asked } = await getHelm('exit 0');
  expect([code, run.lines]).toEqual([0, helms]);
  expect(
    asked.map((line) => line.replace(/-ldflags=-s -w.* /, '')).map((line) => line.split('@')[0]),
  ).toEqual([
    `${dirname(helms[0]!)} install helm.sh/helm/v3/cmd/helm`,
    `${dirname(helms[1]!)} install helm.sh/helm/v4/cmd/helm`,
  ]);
});

it('builds nothing that is there', async () => {
  const { code, run, helms, asked } = await getHelm('exit 1', { isCached: true });
  expect([code, run.lines, asked]).toEqual([0, helms, []]);
});

it('takes the helm on PATH as helm 3 only if it is that', async () => {
  const three = await getHelm('exit 0', { installed: 'v3.18.0+gabc' });
  expect(three.run.lines).toEqual([three.onPath, three.helms[1]]);
  const four = await getHelm('exit 0', { installed: 'v4.0.0+gabc' });
  expect(four.run.lines).toEqual(four.helms);
});

it('fails with what Go reported', async () => {
  const { code, run } = await getHelm('echo no network >&2; exit 1');
  expect(code).toBe(1);
  expect(run.stderr).toContain('helm 3 could not be built. Go reported:\nno network\n');
});

it('does without helm 4 where only that cannot be built', async () => {
  const { code, run, helms } = await getHelm('case "$*" in */v4/*) echo too new >&2; exit 1;; esac');
  expect([code, run.lines]).toEqual([0, [helms[0]]]);
  expect(run.stderr).toContain('with helm 3 only. helm 4 could not be built. Go reported:\ntoo new\n');
});

it('fails without Go and says what to install', async () => {
  const { code, run } = await getHelm();
  expect(code).toBe(1);
  expect(run.stderr).toContain('install helm (https://helm.sh/docs/intro/install) or Go');
});
