import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './children.mjs';
import { exclusively } from './lock.mjs';
import { cli, inRoot, runtime, SetupError } from './project.mjs';

const settings = ['nest-cli.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
const builtFrom = inRoot('dist/.built-from');

/** Compiles src to dist, unless dist was compiled from exactly these sources. */
export async function ensureBuilt() {
  if (isBuilt()) return;
  await exclusively(async () => {
    if (!isBuilt()) await compile();
  });
}

/** Compiles src to dist. */
export const build = () => exclusively(compile);

async function compile() {
  // On stderr, because `npx breakwater schema` prints a file.
  console.error('Building…');
  // The fingerprint is taken before the build, so that an edit during the build causes another one.
  const sources = fingerprint();
  const nest = inRoot('node_modules/@nestjs/cli/bin/nest.js');
  const { code, stdout, stderr } = await runQuietly(runtime(), [nest, 'build']);
  if (code !== 0) throw new SetupError(`${stdout}${stderr}\`nest build\` failed; its output is above.`);
  chmodSync(cli, 0o755); // It begins with `#!`, and the compiler writes files that are not executable.
  writeFileSync(builtFrom, sources);
}

const isBuilt = () =>
  existsSync(cli) && existsSync(builtFrom) && readFileSync(builtFrom, 'utf8') === fingerprint();

/**
 * Hashes contents rather than times, which a checkout or a copy changes.
 * @param {string[]} others files beside those that dist is compiled from
 */
export function fingerprint(others = []) {
  const hash = createHash('sha256');
  const files = [...[...settings, ...others].map((name) => inRoot(name)), ...sourcesIn(inRoot('src'))];
  files.sort((a, b) => (a < b ? -1 : 1));
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function sourcesIn(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sourcesIn(path);
    return entry.name.endsWith('.spec.ts') ? [] : [path];
  });
}
