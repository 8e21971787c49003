import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { spawnProcess } from '../support/process.js';

/** Stands in for the compiler; like the real one, it writes files that are not executable. */
const COMPILER = `const { mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
writeFileSync('dist/cli.js', readFileSync('src/cli.js'), { mode: 0o644 });`;

const cli = (name: string) =>
  `#!/usr/bin/env node\nconsole.log('${name}', process.cwd(), ...process.argv.slice(2)); process.exitCode = 3;`;

/** A clone whose packages are installed and which was never built. */
async function clone(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = { 'node_modules/@nestjs/cli/bin/nest.js': COMPILER, 'src/cli.js': cli('first') };
  for (const each of ['docs', 'src', 'node_modules/@nestjs/cli/bin'])
    await mkdir(join(folder, each), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text);
  for (const each of ['scripts', 'package.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'])
    await cp(each, join(folder, each), { recursive: true });
  for (const each of ['package-lock.json', 'node_modules/.package-lock.json'])
    await writeFile(join(folder, each), '{"packages":{}}');
  return folder;
}

async function npx(folder: string, directory: string, args: string) {
  const command = `cd '${join(folder, directory)}' && exec npx --offline --cache '${folder}/cache' breakwater ${args}`;
  const run = spawnProcess('sh', ['-c', command]);
  return { code: await run.exited, lines: run.lines, stderr: run.stderr };
}

it('npx breakwater runs before the first build and after a later one, in the directory of the user', async () => {
  const folder = await clone();
  const first = await npx(folder, 'docs', 'check -c here.yaml');
  expect(first).toEqual({
    code: 3,
    lines: [`first ${join(folder, 'docs')} check -c here.yaml`],
    stderr: 'Building…\n',
  });

  await writeFile(join(folder, 'src/cli.js'), cli('second'));
  expect((await npx(folder, '.', 'schema')).lines).toEqual([`second ${folder} schema`]);
});
