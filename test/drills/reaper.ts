import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();

// A process that is stopped does not notice that it is alone.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Kills a child process when this one ends before it. */
export function reap(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}
