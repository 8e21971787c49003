import { createHash } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopping } from './children.mjs';
import { root, SetupError } from './project.mjs';

const giveUpAfterMs = 10 * 60_000;
const lockName = `breakwater-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`;

// Contains the owner's pid. It appears with its content in one atomic step, so that there is no moment when a lock has no
// owner: as a hard link, because Windows allows symbolic links to administrators only. It lives outside node_modules,
// which `npm ci` empties.
const lock = join(tmpdir(), lockName);

/** Runs `work` while no other script of this checkout installs or builds. */
export async function exclusively(work) {
  await acquire();
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

async function acquire() {
  const deadline = Date.now() + giveUpAfterMs;
  let told = false;
  while (!tryAcquire()) {
    const owner = ownerOf(lock);
    if (owner !== undefined && !isAlive(owner)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) console.error(`Waiting for another run (process ${owner}) to install or build…`);
    told = true;
    if (stopping()) throw new SetupError('Stopped.');
    if (Date.now() > deadline) {
      throw new SetupError(
        `Process ${owner} has held the lock ${lock} for too long. If it is not a Breakwater run, delete that file.`,
      );
    }
    await sleep(250);
  }
}

function tryAcquire() {
  const mine = `${lock}-${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined; // The lock was released in between.
  }
}

function isAlive(pid) {
  // A lock with our own number was left by an earlier process that had it (containers reuse small pids).
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
