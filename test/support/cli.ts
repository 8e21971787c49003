import { once } from 'node:events';
import { breakwater } from './process.js';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built CLI to its end, as a user does. */
export async function cli(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  const process = breakwater(args, env);
  // Not `exit`: what it has said may still be on its way then.
  const [code] = (await once(process.child, 'close')) as [number | null];
  return { code, stdout: process.lines.join('\n'), stderr: process.stderr };
}
