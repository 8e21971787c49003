import type { Objective } from '../objectives.js';
import { OUTCOME_TITLES, OUTCOMES } from '../records.js';
import type { FaultReport, Report } from '../report.js';
import { chart, legend } from './chart.js';
import { clock } from './frame.js';
import { STYLE } from './style.js';
import { escape } from './svg.js';

const MARKS: Readonly<Record<Objective['status'], string>> = { held: '✓', failed: '✗', 'not measured': '–' };

/** @returns the report as one HTML file that loads nothing */
export function page(report: Report): string {
  const { objectives, hasHeld, options, measured } = report;
  const held = objectives.filter(({ status }) => status === 'held').length;
  const verdict = hasHeld
    ? `All ${held} objectives held`
    : `${objectives.length - held} of ${objectives.length} objectives did not hold`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Breakwater chaos run, seed ${options.seed}: ${verdict}</title>
<style>${STYLE}</style>
<main>
<header>
<h1>Breakwater chaos run</h1>
<p class="verdict ${hasHeld ? 'held' : 'failed'}">${MARKS[hasHeld ? 'held' : 'failed']} ${verdict}</p>
<p class="facts">${facts(report)}</p>
${options.withoutBreaker ? '<p class="warning">The breakers were in shadow mode: they reject nothing.</p>' : ''}
</header>
<h2>Objectives</h2>
<table class="objectives">
<thead><tr><th></th><th>Objective</th><th>Measured</th><th>Limit</th></tr></thead>
<tbody>${objectives.map(objectiveRow).join('')}</tbody>
</table>
<h2>What happened</h2>
<ul class="legend">${legend()}</ul>
<div class="charts">${chart(report)}</div>
<h2>Faults</h2>
<div class="charts"><table class="faults">
<thead><tr><th>Time</th><th>Fault</th><th>Lasted</th><th>Breaker opened after</th><th>Cause</th><th>Closed again after</th></tr></thead>
<tbody>${report.faults.map((fault) => faultRow(fault, measured.from)).join('')}</tbody>
</table></div>
<footer>
<p>Run it again: <code>${escape(report.command)}</code></p>
<p>${escape(report.machine)}. The objectives leave out the times in which a
process was ready to run and had no CPU, the charts do not; the longer ones of these stalls add up to
${seconds(stalled(report))}.</p>
</footer>
</main>
</html>
`;
}

const stalled = ({ stalls }: Report) => stalls.reduce((sum, { from, to }) => sum + to - from, 0);

function facts({ totals, measured, options, faults }: Report): string {
  const all = OUTCOMES.reduce((sum, outcome) => sum + totals[outcome], 0);
  const shares = OUTCOMES.filter((outcome) => totals[outcome] > 0).map(
    (outcome) => `${totals[outcome].toLocaleString('en')} ${OUTCOME_TITLES[outcome]}`,
  );
  const at = new Date(measured.from).toISOString().replace('T', ' ').slice(0, 16);
  return `Seed ${options.seed}, ${clock((measured.to - measured.from) / 1000)} min from ${at} UTC, ${faults.length} faults,
${all.toLocaleString('en')} requests: ${shares.join(', ')}.`;
}

function objectiveRow({ title, status, measured, limit }: Objective): string {
  const className = status.replace(' ', '-');
  return `<tr class="${className}"><td class="mark" title="${status}">${MARKS[status]}</td><td>${escape(title)}</td>
<td>${escape(measured)}</td><td>${escape(limit)}</td></tr>`;
}

function faultRow(fault: FaultReport, start: number): string {
  const { target, kind, from, to, openedAfter, cause, recoveredAfter } = fault;
  const optional = (ms: number | undefined) => (ms === undefined ? '' : seconds(ms));
  const cells = [
    clock((from - start) / 1000),
    `${kind} ${target}`,
    optional(to === undefined ? undefined : to - from),
    optional(openedAfter),
    cause ?? '',
    openedAfter === undefined ? '' : optional(recoveredAfter),
  ];
  return `<tr>${cells.map((cell) => `<td>${escape(cell)}</td>`).join('')}</tr>`;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
