import type { SimulationReport, UpstreamReport } from './simulation.js';
import type { Opening } from './replay.js';

/** Openings that are listed one by one. */
const SHOWN_OPENINGS = 10;

/** @returns rows of a table, or one cell for a sentence */
export type Rows = readonly (readonly string[])[];

/** @returns the tables and sentences of a report, in turn */
export function reportText(report: SimulationReport): Rows[] {
  const calls = report.upstreams.reduce((sum, upstream) => sum + upstream.calls + upstream.rejected, 0);
  const span = `${timeOf(report.from)} to ${timeOf(report.to)}`;
  const summary = `${count(calls, 'call')} from ${span}; ${count(report.skipped, 'other line')} skipped.`;
  return [[[summary]], ...report.upstreams.flatMap(upstreamText)];
}

/** @returns what the reader has to know about the log, for standard error */
export function warningsOf({ late, unknown }: SimulationReport): string[] {
  const warnings = Object.entries(unknown).map(
    ([id, calls]) =>
      `The configuration has no upstream ${JSON.stringify(id)}: ${count(calls, 'call')} skipped.`,
  );
  if (late > 0)
    warnings.push(
      `${count(late, 'line')} more than 10 s older than one before: sort the log by time for a report to rely on.`,
    );
  return warnings;
}

function upstreamText(report: UpstreamReport): Rows[] {
  const { upstream, calls, failed, configured, openings, better, candidates } = report;
  const hidden = configured.opened - Math.min(openings.length, SHOWN_OPENINGS);
  return [
    [[''], [`${upstream}: ${count(calls, 'call')}, ${failed} failed${notes(report)}`]],
    [[`The breaker (${configured.thresholds}) ${openedText(configured.opened)}.`]],
    ...(openings.length > 0
      ? [
          [
            ['opened', 'reason', 'for', 'failing saved', 'good refused'],
            ...openings.slice(0, SHOWN_OPENINGS).map(openingRow),
          ],
        ]
      : []),
    ...(hidden > 0 ? [[[`... and ${count(hidden, 'more opening')}.`]]] : []),
    better.length === 0
      ? [[`None of ${candidates} other thresholds does better.`]]
      : [
          [
            'better thresholds',
            'opened',
            'failing saved',
            'good refused',
            'compared with the configured ones',
          ],
          ...better.map(({ thresholds, opened, saved, refused, explanation }) => [
            thresholds,
            String(opened),
            String(saved),
            String(refused),
            explanation,
          ]),
        ],
  ];
}

/** What the numbers of an upstream leave out. */
function notes({ rejected, retried, configured, severalTargets }: UpstreamReport): string {
  const parts = [
    rejected > 0 ? `${count(rejected, 'call')} left out that the gateway had rejected` : '',
    retried > 0 ? `${count(retried, 'call')} retried` : '',
    configured.savedTries > configured.saved
      ? `${count(configured.savedTries, 'try', 'tries')} saved, retries included`
      : '',
    severalTargets ? 'it has several targets, and failures of some of them may not have counted' : '',
  ];
  return parts
    .filter((part) => part !== '')
    .map((part) => `; ${part}`)
    .join('');
}

function openingRow({ at, reason, until, saved, refused }: Opening): string[] {
  const lasted =
    until === undefined ? 'the rest of the log' : `${Number(((until - at) / 1_000).toFixed(1))} s`;
  return [timeOf(at), reason, lasted, String(saved), String(refused)];
}

function openedText(opened: number): string {
  if (opened === 0) return 'would not have opened';
  return `would have opened ${opened === 1 ? 'once' : `${opened} times`}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}
