import cluster, { type Worker } from 'node:cluster';
import type { Readable } from 'node:stream';

/** Characters of a line that is passed on before it has ended. */
const MAX_LINE = 1024 * 1024;

/** Takes one or more lines, each with its end of line. */
export interface WorkerOutput {
  readonly stdout: (lines: string) => void;
  readonly stderr: (lines: string) => void;
}

/** Starts a worker with an output of its own, which is passed on. */
export function forkWith({ stdout, stderr }: WorkerOutput): Worker {
  const worker = cluster.fork();
  const { process } = worker;
  if (process.stdout) relayLines(process.stdout, stdout);
  if (process.stderr) relayLines(process.stderr, stderr);
  return worker;
}

/** Reads all the time, so that no worker waits, and passes on whole lines. */
export function relayLines(from: Readable, write: (lines: string) => void): void {
  let rest = '';
  from.setEncoding('utf8');
  from.on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) rest += text;
    else {
      write(rest + text.slice(0, end));
      rest = text.slice(end);
    }
    if (rest.length > MAX_LINE) writeRest();
  });
  from.on('end', () => rest && writeRest());
  // The end of the worker says enough.
  from.on('error', () => undefined);

  function writeRest(): void {
    write(`${rest}\n`);
    rest = '';
  }
}
