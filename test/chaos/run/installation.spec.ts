import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnScript } from '../../support/process.js';

const LOCK = JSON.stringify({ packages: { '': {} } });
const NPM = `#!/bin/sh
echo "$PWD $*" >> "$CALLS"
mkdir -p node_modules
`;

/** A checkout with all packages but Artillery, and an npm that notes its calls. Nothing in it can be built. */
async function checkout() {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-chaos-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const artillery = join(folder, 'test/chaos/artillery');
  for (const each of ['scripts', 'package.json']) await cp(each, join(folder, each), { recursive: true });
  for (const each of ['bin', 'node_modules', 'src']) await mkdir(join(folder, each));
  await mkdir(artillery, { recursive: true });
  for (const each of ['package-lock.json', 'node_modules/.package-lock.json']) {
    await writeFile(join(folder, each), LOCK);
  }
  await writeFile(join(artillery, 'package-lock.json'), LOCK);
  await writeFile(join(folder, 'bin/npm'), NPM);
  await chmod(join(folder, 'bin/npm'), 0o755);
  const calls = join(folder, 'calls');
  const run = async (env: Record<string, string> = { BREAKWATER_INSTALL: '' }) => {
    const PATH = `${join(folder, 'bin')}:${process.env['PATH']}`;
    const script = spawnScript([join(folder, 'scripts/chaos.mjs')], { PATH, CALLS: calls, ...env });
    return { code: await script.exited, stderr: script.stderr };
  };
  const called = async () => (await readFile(calls, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return { artillery, run, called };
}

describe('the packages of Artillery', () => {
  it('are installed by the first run, in their own folder and without install scripts', async () => {
    const { artillery, run, called } = await checkout();
    await run();
    const [call, ...others] = await called();
    expect(call).toMatch(/ ci .*--ignore-scripts/);
    expect(call?.startsWith(`${artillery} `)).toBe(true);
    expect(others).toEqual([]);

    await run();
    expect(await called()).toHaveLength(1);
  });

  it('are installed again when their lock file has changed', async () => {
    const { artillery, run, called } = await checkout();
    await run();
    await writeFile(join(artillery, 'package-lock.json'), `${LOCK} `);
    await run();
    expect(await called()).toHaveLength(2);
  });

  it('are not installed with BREAKWATER_INSTALL=0', async () => {
    const { run, called } = await checkout();
    const { code, stderr } = await run({ BREAKWATER_INSTALL: '0' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('Artillery is not installed')]);
    expect(await called()).toEqual([]);
  });
});
