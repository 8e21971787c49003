import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnNode, spawnScript } from '../support/process.js';
import { until } from '../support/until.js';

interface Lock {
  packages: Record<string, { version?: string; integrity?: string; optional?: boolean }>;
}

const BUILD_SETTINGS = ['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
const NPM_FAILS = 'echo "npm was called" >&2\nexit 1';
const MAY_INSTALL = { BREAKWATER_INSTALL: '' };
const LOCK: Lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/here': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/elsewhere': { version: '1.0.0', optional: true },
  },
};

/** A checkout without packages, and an npm that does what `npm` says. Nothing in it can be built. */
async function checkout(npm = NPM_FAILS) {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [clone, bin] = [join(folder, 'clone'), join(folder, 'bin')];
  await Promise.all([clone, bin].map((each) => mkdir(each)));
  for (const each of ['scripts', 'src', 'package.json', ...BUILD_SETTINGS]) {
    await cp(each, join(clone, each), { recursive: true });
  }
  await writeFile(join(clone, 'package-lock.json'), JSON.stringify(LOCK));
  await writeFile(join(bin, 'npm'), `#!/bin/sh\n${npm}\n`);
  await chmod(join(bin, 'npm'), 0o755);
  const start = (env: Record<string, string> = MAY_INSTALL) =>
    spawnScript([join(clone, 'scripts/start.mjs')], { PATH: `${bin}:${process.env['PATH']}`, ...env });
  return { folder, clone, start };
}

/** What npm leaves: a receipt, which looks older than the lock file, as after a checkout. */
async function installed(clone: string, packages: Lock['packages']): Promise<void> {
  await mkdir(join(clone, 'node_modules'));
  const receipt = join(clone, 'node_modules/.package-lock.json');
  await writeFile(receipt, JSON.stringify({ packages }));
  await utimes(receipt, 1, 1);
}

describe('the installation of missing packages', () => {
  it('does not delete the packages behind a linked node_modules', async () => {
    const { folder, clone, start } = await checkout();
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'package'), '');
    await symlink(elsewhere, join(clone, 'node_modules'));

    const run = start();

    // It has no compiler, so that the build fails.
    expect(await run.exited).toBe(1);
    expect(run.stderr).toContain('node_modules is a link');
    expect(run.stderr).not.toContain('npm was called');
    expect(await readdir(elsewhere)).toEqual(['package']);
  });

  it('is skipped when the packages match the lock file, whatever their dates', async () => {
    const { clone, start } = await checkout();
    await installed(clone, { 'node_modules/here': { version: '1.0.0', integrity: 'sha512-a' } });

    const run = start();

    expect(await run.exited).toBe(1);
    expect(run.stderr).toContain('`nest build` failed');
    expect(run.stderr).not.toContain('npm was called');
  });

  it.each<[string, Lock['packages']]>([
    ['is missing', {}],
    ['is another version', { 'node_modules/here': { version: '1.0.1', integrity: 'sha512-b' } }],
    ['is another content', { 'node_modules/here': { version: '1.0.0', integrity: 'sha512-b' } }],
    [
      'is too much',
      { 'node_modules/here': { version: '1.0.0', integrity: 'sha512-a' }, 'node_modules/more': {} },
    ],
  ])('is repeated when a package %s', async (_, packages) => {
    const { clone, start } = await checkout();
    await installed(clone, packages);
    const run = start();
    expect(await run.exited).toBe(1);
    expect(run.stderr).toContain('npm was called');
  });

  it('is forbidden by BREAKWATER_INSTALL=0', async () => {
    const { clone, start } = await checkout();
    await installed(clone, {});
    const run = start({ BREAKWATER_INSTALL: '0' });
    expect(await run.exited).toBe(1);
    expect(run.stderr).toContain('BREAKWATER_INSTALL=0');
    expect(run.stderr).not.toContain('npm was called');
  });

  it('ends with its parent process, even if that was killed', async () => {
    // Writes its pid and keeps running.
    const { folder, clone } = await checkout('echo $$ > "$PID_FILE"\nexec sleep 600');
    const file = join(folder, 'pid');
    const script = `const { spawn } = require('node:child_process');
      spawn(process.execPath, [${JSON.stringify(join(clone, 'scripts/start.mjs'))}], { stdio: 'ignore' });`;
    const parent = spawnNode(['-e', script], {
      ...MAY_INSTALL,
      npm_lifecycle_event: '',
      PID_FILE: file,
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    });
    const pidOfNpm = async () => Number(await readFile(file, 'utf8').catch(() => ''));
    await until('npm runs', async () => (await pidOfNpm()) > 0);
    const pid = await pidOfNpm();
    onTestFinished(() => void (isAlive(pid) && process.kill(pid)));

    parent.kill('SIGKILL');

    await until('npm has ended', () => !isAlive(pid));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
