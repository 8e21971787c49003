// Started by scripts/chaos.mjs on the pinned runtime: `node --import ts-imports.mjs main.ts OPTIONS`, with OPTIONS as JSON.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportOf } from './report.js';
import { page } from './report/page.js';
import { runChaos } from './run.js';
import type { ChaosOptions } from './types.js';

/** Milliseconds. */
const PARENT_CHECK = 1_000;

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(signal, () => process.exit(code));
}

// A parent that was killed sends no signal.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(1), PARENT_CHECK).unref();

const { command, ...options } = JSON.parse(process.argv[2] ?? '') as ChaosOptions & {
  readonly command: string;
};
try {
  const report = reportOf(await runChaos(options), command);
  writeFileSync(join(options.folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(options.folder, 'report.html'), page(report));
  for (const { status, title, measured, limit } of report.objectives) {
    console.log(`${status.padEnd(12)} ${title}: ${measured} (limit ${limit})`);
  }
  console.log(`\nReport: ${join(options.folder, 'report.html')}`);
  process.exitCode = report.hasHeld ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  // Ends all processes of the run.
  process.exit(1);
}
