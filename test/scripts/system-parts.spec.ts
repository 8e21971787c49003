import { chmod, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spawnNode, temporaryFile } from '../support/process.js';

const SCRIPT = new URL('../../scripts/lib/system-parts.mjs', import.meta.url).href;
const COMMANDS = ['redis-server', 'chromium', 'ip', 'iptables', 'prometheus', 'haproxy'];
const PACKAGES = ['redis-server', 'chromium', 'iproute2', 'iptables', 'prometheus', 'haproxy'];
const OPTIONS = '-qq -o Acquire::Retries=1 -o DPkg::Lock::Timeout=120';

/** On a machine where `apt-get` is the script `apt`; what it was asked for is in `asked`. */
async function ensure(apt: string, { isDebianRoot = true, env = {}, isThere = false } = {}) {
  const log = await temporaryFile('apt.log', '');
  const bin = dirname(log);
  const command = `#!/bin/sh\necho "$*" >> ${log}\n${apt}\n`;
  await writeFile(join(bin, 'apt-get'), command);
  await chmod(join(bin, 'apt-get'), 0o755);
  if (isThere) await Promise.all(COMMANDS.map((command) => symlink('/bin/true', join(bin, command))));
  const call = `await (await import('${SCRIPT}')).ensureSystemParts(${isDebianRoot})`;
  const run = spawnNode(['--input-type=module', '-e', call], {
    PATH: bin,
    BREAKWATER_SYSTEM_SETUP: '',
    ...env,
  });
  const code = await run.exited;
  return { code, asked: (await readFile(log, 'utf8')).trim().split('\n'), stderr: run.stderr };
}

describe('the system parts of `npm test`', () => {
  it('are installed with apt for root on Debian', async () => {
    const { code, asked, stderr } = await ensure('exit 0');
    expect([code, stderr]).toEqual([0, '']);
    expect(asked).toEqual([
      `${OPTIONS} update`,
      ...PACKAGES.map((part) => `${OPTIONS} install -y --no-install-recommends ${part}`),
    ]);
  });

  it.each([
    ['they are there', { isThere: true }],
    ['nobody may install', { isDebianRoot: false }],
    ['it is turned off', { env: { BREAKWATER_SYSTEM_SETUP: '0' } }],
  ])('are not installed when %s', async (_, machine) => {
    expect(await ensure('exit 1', machine)).toEqual({ code: 0, asked: [''], stderr: '' });
  });

  it.each([
    ['no list', 'echo no network >&2; exit 100', 'no network'],
    ['no package', 'case "$*" in *install*) echo no package >&2; exit 100;; esac', 'no package'],
  ])('are skipped with a warning when apt gets %s', async (_, apt, reason) => {
    const { code, stderr } = await ensure(apt);
    expect(code).toBe(0);
    const told = PACKAGES.map(
      (part) =>
        `apt could not install ${part}. The run continues without it. The output of apt was:\n${reason}\n`,
    );
    expect(stderr).toBe(told.join(''));
  });
});
