import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const WALKS = ['uncached', 'miss', 'hit'] as const;

/** Stages that hold state, as docs/architecture.md marks them. */
const STATEFUL = 'state';

type Walk = (typeof WALKS)[number];

interface Row {
  readonly file: string;
  readonly cells: readonly string[];
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
let walks: Readonly<Record<Walk, readonly string[]>>;

/** Rows of the table in docs/architecture.md whose first cell is a file under src/. */
function documented(): readonly Row[] {
  const text = readFileSync(here('../../docs/architecture.md'), 'utf8');
  return [...text.matchAll(/^\| `((?:common|modules)\/[\w./-]+\.ts)` +\|(.*)\|$/gm)].map(
    ([, file = '', cells = '']) => ({ file, cells: cells.split('|').map((cell) => cell.trim()) }),
  );
}

beforeAll(async () => {
  // It instruments the build.
  const args = ['--import', here('walk/instrument.mjs'), here('walk/walk.mjs')];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  walks = JSON.parse(stdout) as typeof walks;
  // It starts a gateway, which takes a while beside other suites.
}, 120_000);

describe('the path of a GET', () => {
  it.each(WALKS)('enters the files that docs/architecture.md lists: %s', (walk) => {
    const listed = documented().filter(({ cells }) => cells[WALKS.indexOf(walk)] === 'x');
    expect(listed.map(({ file }) => file).toSorted()).toEqual([...new Set(walks[walk])].toSorted());
  });

  it.each(['uncached', 'miss'] as const)('enters at most 42 files up to the upstream: %s', (walk) => {
    expect(new Set(walks[walk]).size).toBeLessThanOrEqual(42);
  });

  it.each(['uncached', 'miss'] as const)('enters each stage once: %s', (walk) => {
    const stages = documented().filter(({ cells }) => cells.includes(STATEFUL));
    expect(stages.length).toBeLessThanOrEqual(15);
    const entered = stages.map(({ file }) => [file, walks[walk].filter((each) => each === file).length]);
    expect(entered.filter(([, times]) => Number(times) > 1)).toEqual([]);
  });
});
