import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KeepUntil } from '../support/process.js';

export const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** What `npm pack` makes of the build that is there. */
export async function pack(options: readonly string[]): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', ...options], { cwd: ROOT });
  const packed = JSON.parse(stdout) as Packed[] | Record<string, Packed>;
  // npm 12 has an object by name.
  const [first] = Object.values(packed);
  if (!first) throw new TypeError(stdout);
  return first;
}

/** A project in a temporary folder, which holds nothing but `files` and the tarball. */
export async function project(keepUntil: KeepUntil, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-project-'));
  keepUntil(() => rm(folder, { recursive: true, force: true }));
  const { filename } = await pack(['--pack-destination', folder]);
  // The install script of `node` brings its executable.
  const manifest = { name: 'mine', private: true, type: 'module', allowScripts: { node: true } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return { folder, tarball: join(folder, filename) };
}

/** Installs the tarball without npm: its dependencies are those of this checkout. */
export async function installLinked({ folder, tarball }: { folder: string; tarball: string }): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'breakwater'), { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', join(modules, 'breakwater'), '--strip-components=1']);
  for (const name of await readdir(join(ROOT, 'node_modules')))
    if (name !== 'breakwater') await symlink(join(ROOT, 'node_modules', name), join(modules, name));
}

/** Compiles the files of a project as strictly as TypeScript can. @returns what the compiler says */
export async function compile(folder: string, files: readonly string[]): Promise<string> {
  const compilerOptions = {
    strict: true,
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    // The declarations of the package are checked as well, but those of others may need what is not here.
    skipLibCheck: true,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch(
    (error: { stdout: string }) => error,
  );
  return stdout;
}
