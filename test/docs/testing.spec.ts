import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { snippets } from './snippets.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');

/** Runs an example of docs/testing.md against the build. @returns what its runner prints */
async function run(runner: string, argsOf: (folder: string, file: string) => string[]): Promise<string> {
  const snippet = snippets('ts').find(({ text }) => text.startsWith(`// users.test.ts, with ${runner}\n`));
  const folder = await mkdtemp(join(ROOT, 'dist', '.testing-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'users.test.ts');
  const built = pathToFileURL(join(ROOT, 'dist/testing.js')).href;
  await writeFile(file, String(snippet?.text).replace('breakwater/testing', built));
  // A runner that runs in another one prints for that one.
  const { NODE_TEST_CONTEXT: _, VITEST: __, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, argsOf(folder, file), {
    env: { ...env, NO_COLOR: '1' },
  });
  return stdout;
}

it('the example for vitest passes', { timeout: 120_000 }, async () => {
  expect(await run('vitest', (folder) => [vitest, 'run', '--root', folder])).toMatch(/Tests +1 passed/);
});

it('the example for node:test passes', { timeout: 120_000 }, async () => {
  expect(await run('node:test', (_, file) => ['--test', file])).toMatch(/pass 1\n/);
});
