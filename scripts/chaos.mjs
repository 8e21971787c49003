// `npm run chaos` breaks the services behind a gateway under load, and says who noticed. See docs/chaos.md.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureArtillery } from './lib/artillery.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { runForeground, runMain } from './lib/children.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { inRoot, runtime, SetupError } from './lib/project.mjs';

const usage = `Usage: npm run chaos -- [options]

  --seed N           repeat the faults of a run (default: a new number, which is printed)
  --minutes N        length of the load after the warm-up, 2 to 240 (default 4)
  --quick            a run of about a minute and a half
  --rate N           users that arrive each second and make a few requests each, 10 to 2000 (default 30)
  --out FOLDER       folder for the report (default: a new one in the temporary folder)
  --without-breaker  put the breakers into shadow mode, to see the run fail

The exit code is 0 if every objective has held.`;

/** Seconds. */
const QUICK = { warmUp: 5, baseline: 10, faults: 45 };
const WARM_UP = 8;
const BASELINE = 20;
const DEFAULT_MINUTES = 4;
const DEFAULT_RATE = 30;

function readOptions() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  try {
    return parseArgs({
      options: {
        seed: text,
        minutes: text,
        quick: flag,
        rate: text,
        out: text,
        'without-breaker': flag,
        help: { ...flag, short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\n\n${usage}`);
  }
}

function number(name, value, least, most) {
  if (/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  throw new SetupError(`--${name} must be a number from ${least} to ${most}, but it is ${value}.`);
}

function lengths({ minutes, quick }) {
  if (quick && minutes !== undefined) throw new SetupError('--quick and --minutes exclude each other.');
  if (quick) return QUICK;
  const measured = number('minutes', minutes ?? String(DEFAULT_MINUTES), 2, 240) * 60;
  return { warmUp: WARM_UP, baseline: BASELINE, faults: measured - BASELINE };
}

/** npm runs scripts in the project's root; a relative path refers to the folder of the user. */
function reportFolder(out) {
  if (out === undefined) return mkdtempSync(join(tmpdir(), 'breakwater-chaos-'));
  const typedIn = process.env.npm_lifecycle_event === 'chaos' ? process.env.INIT_CWD : undefined;
  const folder = resolve(typedIn ?? process.cwd(), out);
  mkdirSync(folder, { recursive: true });
  return folder;
}

await runMain(async () => {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const { quick, minutes, out, 'without-breaker': withoutBreaker } = options;
  const seed = number(
    'seed',
    options.seed ?? String(1 + Math.floor(Math.random() * 999_999)),
    0,
    999_999_999,
  );
  const rate = number('rate', options.rate ?? String(DEFAULT_RATE), 10, 2000);
  const run = { seed, rate, withoutBreaker, ...lengths(options) };
  const repeat = [
    `npm run chaos -- --seed ${seed}`,
    ...(quick ? ['--quick'] : []),
    ...(minutes === undefined ? [] : [`--minutes ${String(minutes)}`]),
    ...(options.rate === undefined ? [] : [`--rate ${rate}`]),
    ...(withoutBreaker ? ['--without-breaker'] : []),
  ].join(' ');

  if (process.platform === 'win32') {
    throw new SetupError('npm run chaos freezes processes with signals, which Windows does not have.');
  }
  await ensureInstalled();
  await ensureArtillery();
  await ensureBuilt();
  console.log(`${repeat}\n`);
  const imports = inRoot('test/chaos/run/ts-imports.mjs');
  const main = inRoot('test/chaos/run/main.ts');
  const json = JSON.stringify({ ...run, folder: reportFolder(out), command: repeat });
  return runForeground(runtime(), ['--import', imports, main, json]);
});
