import type { Report } from '../report.js';
import { OUTCOME_TITLES, OUTCOMES } from '../records.js';
import { FLOWS, SERVICES } from '../types.js';
import { breakerPanel, faultPanel } from './bands.js';
import { outcomePanel } from './bars.js';
import { clock, type Panel, TimeAxis, WIDTH } from './frame.js';
import { linePanel } from './lines.js';
import { element, text } from './svg.js';

const TITLE = 24;
const SPACE = 14;
const AXIS = 22;

/** All charts of a run, one below the other, so that one time axis serves all. */
export function chart(report: Report): string {
  const axis = new TimeAxis(report.measured);
  const sections: [string, Panel[]][] = [
    ['Faults', [faultPanel(report.faults, report.stalls, axis)]],
    ['Breakers, open with their cause', [breakerPanel(report.breakers, axis)]],
    ['Requests by outcome', FLOWS.map((flow) => outcomePanel(flow, report.series, axis))],
    ['Time until the response, answered by the service: p50 and p99', latencyPanels(report, axis)],
    ['The gateway itself', gatewayPanels(report, axis)],
  ];
  let y = AXIS;
  const parts: string[] = [];
  for (const [title, panels] of sections) {
    parts.push(text(0, y + 12, title, 'section'));
    y += TITLE;
    for (const { height, markup } of panels) {
      parts.push(element('g', { transform: `translate(0 ${y})` }, markup));
      y += height;
    }
    y += SPACE;
  }
  const content = [shades(report, axis, y), ticks(axis, y), ...parts].join('');
  const height = y + AXIS;
  return element(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': 'Charts of the run over time' },
    content,
  );
}

/** The time of each fault of a service, behind all charts. */
function shades({ faults, measured }: Report, axis: TimeAxis, bottom: number): string {
  return faults
    .filter(({ target }) => target !== 'redis')
    .map(({ from, to = measured.to }) => {
      const x = axis.x(from);
      const width = Math.max(1, axis.x(to) - x);
      return element('rect', { x, y: AXIS, width, height: bottom - AXIS, class: 'shade' });
    })
    .join('');
}

function ticks(axis: TimeAxis, bottom: number): string {
  return axis
    .ticks()
    .flatMap((second) => {
      const x = axis.x(axis.range.from + second * 1000);
      return [
        element('line', { x1: x, x2: x, y1: AXIS - 4, y2: bottom, class: 'tick' }),
        text(x, AXIS - 9, clock(second), 'time'),
        text(x, bottom + 14, clock(second), 'time'),
      ];
    })
    .join('');
}

function latencyPanels(
  { series: { latencies, binMs }, measured, usersLimit }: Report,
  axis: TimeAxis,
): Panel[] {
  return SERVICES.map((name) => {
    const line = (className: 'p50' | 'p99') => ({
      className,
      points: latencies[name].map((point, i) => ({
        at: measured.from + (i + 0.5) * binMs,
        value: point[className],
      })),
    });
    const limit = {
      value: usersLimit,
      label: `limit, without stalls: ${Math.round(usersLimit)} ms`,
    };
    return linePanel(
      {
        name,
        unit: 'ms',
        height: 76,
        scale: 'logarithmic',
        lines: [line('p99'), line('p50')],
        ...(name === 'users' && Number.isFinite(usersLimit) ? { limit } : {}),
      },
      axis,
    );
  });
}

function gatewayPanels({ samples, measured }: Report, axis: TimeAxis): Panel[] {
  const seen = samples.filter(({ at }) => at >= measured.from && at <= measured.to);
  const panel = (name: string, unit: string, key: 'heapMiB' | 'sockets') =>
    linePanel(
      {
        name,
        unit,
        height: 40,
        scale: 'linear',
        lines: [{ className: 'own', points: seen.map((sample) => ({ at: sample.at, value: sample[key] })) }],
      },
      axis,
    );
  return [panel('heap', 'MiB', 'heapMiB'), panel('sockets', 'open', 'sockets')];
}

/** @returns what the colours mean, as HTML */
export function legend(): string {
  const entries = [
    ...OUTCOMES.map((outcome) => [outcome, OUTCOME_TITLES[outcome]]),
    ['stall', 'no CPU (stall)'],
    ['breaker-open', 'breaker open'],
    ['breaker-half-open', 'breaker half-open'],
    ['p50', 'p50'],
    ['p99', 'p99'],
  ] as const;
  return entries.map(([key, title]) => `<li><i class="key ${key}"></i>${title}</li>`).join('');
}
