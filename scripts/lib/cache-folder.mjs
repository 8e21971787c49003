import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** @returns {string} an existing folder outside the project, for what takes minutes to make and several checkouts share */
export function cacheFolder() {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'breakwater');
  mkdirSync(folder, { recursive: true });
  return folder;
}
