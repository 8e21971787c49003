import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runQuietly } from './children.mjs';

/** Commands that most suites need and npm cannot install, and the Debian packages that contain them. */
const commonParts = {
  'redis-server': 'redis-server',
  chromium: 'chromium',
  ip: 'iproute2',
  iptables: 'iptables',
  prometheus: 'prometheus',
  haproxy: 'haproxy',
};

/**
 * Installs the missing parts as root on Debian, unless BREAKWATER_SYSTEM_SETUP=0. Elsewhere, and when apt fails, the
 * suites that need a part report it.
 */
export async function ensureSystemParts(
  isDebianRoot = isRoot() && existsSync('/etc/debian_version'),
  parts = commonParts,
) {
  const missing = Object.keys(parts)
    .filter((command) => !isOnPath(command))
    .map((command) => parts[command]);
  if (missing.length === 0 || process.env.BREAKWATER_SYSTEM_SETUP === '0') return;
  if (!isDebianRoot || !isOnPath('apt-get')) return;
  console.log(`Installing ${missing.join(' and ')} with apt (BREAKWATER_SYSTEM_SETUP=0 turns this off)…`);
  const stale = await apt('update');
  for (const part of missing) {
    // Each package is installed separately, so that an unknown one does not prevent the others.
    const failure = stale ?? (await apt('install', '-y', '--no-install-recommends', part));
    if (failure)
      console.warn(
        `apt could not install ${part}. The run continues without it. The output of apt was:\n${failure}`,
      );
  }
}

const isRoot = () => process.getuid?.() === 0;

export const isOnPath = (command) =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, command)));

/** @returns {Promise<string | undefined>} the output of apt if it failed */
async function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-o', 'Acquire::Retries=1', '-o', 'DPkg::Lock::Timeout=120'];
  const { code, stdout, stderr } = await runQuietly('apt-get', [...options, ...args], { env });
  return code === 0 ? undefined : `${stdout}${stderr}`.trim();
}
