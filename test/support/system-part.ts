import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** A program of the system that some suites need. */
export interface SystemPart {
  /** Where it is; `undefined` when it is not installed. */
  readonly path: string | undefined;
  /** What is missing, and how to get it. */
  readonly missing: string;
  /** Declares a suite that is skipped without the program unless CI=true. */
  readonly describe: typeof describe | typeof describe.skip;
}

/**
 * Says once for each spec file that its suites are skipped, if none of the commands is on PATH.
 *
 * @param debian name of the Debian package
 */
export function systemPart(debian: string, commands: readonly string[] = [debian]): SystemPart {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => commands.map((command) => join(folder, command)))
    .find((each) => existsSync(each));
  const missing = `${debian} is not on PATH. Install it (Debian: apt-get install ${debian}; \`npm test\` as root does that).`;
  if (path === undefined) console.warn(`Suites are skipped: ${missing}`);
  const isUsed = path !== undefined || process.env['CI'] === 'true';
  return { path, missing, describe: isUsed ? describe : describe.skip };
}
