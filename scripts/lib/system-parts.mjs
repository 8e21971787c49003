import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runQuietly } from './children.mjs';

/** What suites run against that npm cannot install: commands, and the Debian packages they are in. */
const parts = { 'redis-server': 'redis-server', chromium: 'chromium', ip: 'iproute2', iptables: 'iptables' };

/**
 * Installs the missing parts where that is ours to do: as root on Debian, unless BREAKWATER_SYSTEM_SETUP=0. Elsewhere,
 * and when apt fails, the suites that need a part say so themselves.
 */
export async function ensureSystemParts() {
  const missing = Object.keys(parts)
    .filter((command) => !isOnPath(command))
    .map((command) => parts[command]);
  if (missing.length === 0 || !mayInstall()) return;
  console.log(`Installing ${missing.join(' and ')} with apt (BREAKWATER_SYSTEM_SETUP=0 turns this off)…`);
  const failure = await aptInstall(missing);
  if (failure)
    console.warn(`apt could not install ${missing.join(' and ')}, going on without. It said:\n${failure}`);
}

function mayInstall() {
  if (process.env.BREAKWATER_SYSTEM_SETUP === '0') return false;
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && isOnPath('apt-get');
}

const isOnPath = (command) =>
  (process.env.PATH ?? '').split(delimiter).some((directory) => existsSync(join(directory, command)));

/** @returns {Promise<string | undefined>} what apt said, if it failed */
async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-qq', '-o', 'Acquire::Retries=1', '-o', 'DPkg::Lock::Timeout=120'];
  const steps = [['update'], ['install', '-y', '--no-install-recommends', ...packages]];
  for (const step of steps) {
    const { code, stdout, stderr } = await runQuietly('apt-get', [...options, ...step], { env });
    if (code !== 0) return `${stdout}${stderr}`.trim();
  }
  return undefined;
}
