import type { ChildProcess } from 'node:child_process';
import { appendFileSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { linesOf, ROOT, start } from './children.js';
import type { ChaosOptions } from './types.js';

export const ARTILLERY = join(ROOT, 'test/chaos/artillery');

/** Seconds without load after the warm-up: what the idle gateway holds is measured then. */
export const PAUSE = 10;
/** Seconds until a response. The gateway gives up long before, and even a machine that is far too busy lets it answer. */
const TIMEOUT = 15;
/** Connections of all users together: more than are ever busy, so that no request waits for one. */
const CONNECTIONS = 1_000;

export type Phase = 'warm-up' | 'measured';

export interface Environment {
  readonly target: string;
  readonly token: string;
  readonly faultsUrl: string;
  readonly records: string;
}

/** Joins the scenarios of all files to one script: Artillery itself would merge their lists by position. */
function writeScript({ folder, rate, warmUp, baseline, faults }: ChaosOptions, target: string): string {
  const scenarios = globSync('*.yaml', { cwd: ARTILLERY })
    .toSorted()
    .flatMap(
      (file) => (parse(readFileSync(join(ARTILLERY, file), 'utf8')) as { scenarios: object[] }).scenarios,
    );
  const script = {
    config: {
      target,
      processor: join(ARTILLERY, 'processor.mjs'),
      http: { pool: CONNECTIONS, timeout: TIMEOUT },
      phases: [
        { name: 'warm-up' satisfies Phase, duration: warmUp, arrivalRate: rate },
        { pause: PAUSE },
        { name: 'measured' satisfies Phase, duration: baseline + faults, arrivalRate: rate },
      ],
    },
    scenarios,
  };
  const file = join(folder, 'script.json');
  writeFileSync(file, JSON.stringify(script, null, 2));
  return file;
}

/** @param onPhase called when a phase of the load begins */
export function startArtillery(
  options: ChaosOptions,
  { target, token, faultsUrl, records }: Environment,
  onPhase: (phase: Phase) => void,
): ChildProcess {
  const cli = join(ARTILLERY, 'node_modules/artillery/bin/run');
  const log = join(options.folder, 'artillery.log');
  const child = start(process.execPath, [cli, 'run', writeScript(options, target)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CHAOS_TOKEN: token,
      CHAOS_FAULTS_URL: faultsUrl,
      CHAOS_RECORDS: records,
      ARTILLERY_DISABLE_TELEMETRY: 'true',
      // Artillery would send the load through a proxy.
      HTTP_PROXY: undefined,
      HTTPS_PROXY: undefined,
    },
  });
  child.stderr?.on('data', (chunk: Buffer) => appendFileSync(log, chunk));
  linesOf(child).on('line', (line) => {
    appendFileSync(log, `${line}\n`);
    const phase = /^Phase started: (warm-up|measured)\b/.exec(line)?.[1];
    if (phase !== undefined) onPhase(phase as Phase); // The pattern admits no other.
  });
  return child;
}
