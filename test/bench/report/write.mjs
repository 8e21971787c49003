import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from '../../../scripts/lib/project.mjs';
import { charts } from './charts.mjs';
import { page } from './page.mjs';

const pageFile = inRoot('docs/benchmarks.md');
const folder = inRoot('docs/benchmarks');
const resultsFile = join(folder, 'results.json');

/** Writes the page, its charts and the figures that they were drawn from. */
export function writeDocs(run) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (name.endsWith('.svg')) rmSync(join(folder, name));
  writeFileSync(resultsFile, `${JSON.stringify(run, null, 1)}\n`);
  for (const [path, text] of docs()) writeFileSync(path, text);
  console.log('\nWrote docs/benchmarks.md and docs/benchmarks.');
}

/** What the page and the charts must contain, by path, according to the figures of the run that was written last. */
export function docs() {
  const run = JSON.parse(readFileSync(resultsFile, 'utf8'));
  const pictures = Object.entries(charts(run)).map(([name, svg]) => [join(folder, name), svg]);
  return [[pageFile, page(run)], ...pictures];
}
