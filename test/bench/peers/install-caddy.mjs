import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../../scripts/lib/cache-folder.mjs';
import { runQuietly } from '../../../scripts/lib/children.mjs';
import { SetupError } from '../../../scripts/lib/project.mjs';
import { findOnPath } from '../find-on-path.mjs';

const module = 'github.com/caddyserver/caddy/v2';
const version = 'v2.11.9';
const buildWithinMs = 15 * 60_000;
const folder = () => join(cacheFolder(), `caddy-${version}`);

/** @returns {string | undefined} its path, if it is in the cache folder or on PATH */
export function findCaddy() {
  const built = join(folder(), 'caddy');
  return existsSync(built) ? built : findOnPath('caddy');
}

/** @throws {SetupError} without Go, or when it cannot be built */
export async function installCaddy() {
  if (findCaddy()) return;
  if (!findOnPath('go')) throw new SetupError('There is no Go to build Caddy: install Go, or Caddy itself.');
  console.log(`Building Caddy ${version} with Go (some minutes, once)…`);
  const env = { ...process.env, GOFLAGS: '', GOBIN: folder() };
  const flags = `-ldflags=-s -w -X ${module}.CustomVersion=${version}`;
  const args = ['install', flags, `${module}/cmd/caddy@${version}`];
  const { code, stderr } = await runQuietly('go', args, { env, timeout: buildWithinMs });
  if (code !== 0) throw new SetupError(`Caddy could not be built. Go reported:\n${stderr.trim()}`);
}
