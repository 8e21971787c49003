import { once } from 'node:events';
import { breakwater, spawnProcess, type TestProcess } from './process.js';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built CLI to its end, as a user does. */
export async function cli(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  return resultOf(breakwater(args, env));
}

/** Runs a shell command to its end, in which `breakwater` is the built CLI. */
export async function shell(
  line: string,
  env: Record<string, string> = {},
  command = 'sh',
): Promise<CliResult> {
  const script = `breakwater() { "${process.execPath}" dist/cli.js "$@"; }\n${line}`;
  return resultOf(spawnProcess(command, ['-c', script], env));
}

async function resultOf(process: TestProcess): Promise<CliResult> {
  // `close` rather than `exit`, at which output may still be in transit.
  const [code] = (await once(process.child, 'close')) as [number | null];
  return { code, stdout: process.lines.join('\n'), stderr: process.stderr };
}
