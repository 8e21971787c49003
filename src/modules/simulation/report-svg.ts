import type { SimulationReport, Span, UpstreamReport } from './simulation.js';

const WIDTH = 1000;
/** Left and right of the bars. */
const MARGIN = 60;
const PLOT_WIDTH = WIDTH - 2 * MARGIN;
const HEADER = 56;
/** Of one upstream, its title and its axis included. */
const ROW = 190;
const BARS = 110;
/** Of the strip above the bars that shows when the breaker is open. */
const STRIP = 8;
const TICKS = 6;

const STYLE = `rect { shape-rendering: crispEdges } text { font: 13px system-ui, sans-serif; fill: #1f2933 } .small { font-size: 11px; fill: #52606d }
.title { font-weight: 600 } .good { fill: #7b9cc4 } .failed { fill: #c0392b } .open { fill: #e5a100 }
.axis { stroke: #9aa5b1 }`;

/** @returns a picture of the calls to each upstream, and of when its breaker would have been open */
export function reportSvg(report: SimulationReport): string {
  const height = HEADER + report.upstreams.length * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
<title>Breakers with the configured thresholds</title>
<style>${STYLE}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${MARGIN}" y="24" class="title">Breakers with the configured thresholds, times in UTC</text>
${legend()}
${report.upstreams.map((upstream, i) => row(upstream, report, HEADER + i * ROW)).join('\n')}
</svg>
`;
}

function legend(): string {
  const entries = [
    ['good', 'good calls'],
    ['failed', 'failed calls'],
    ['open', 'breaker would be open'],
  ] as const;
  return entries
    .map(([kind, text], i) => {
      const x = MARGIN + i * 130;
      return `<rect x="${x}" y="36" width="12" height="12" class="${kind}"/><text x="${x + 18}" y="46" class="small">${text}</text>`;
    })
    .join('\n');
}

function row(upstream: UpstreamReport, { from, to }: SimulationReport, top: number): string {
  const { spans, openings, configured, calls, failed } = upstream;
  // A log of a single instant would have no width.
  const length = Math.max(to - from, 1);
  const x = (time: number) => MARGIN + (Math.min(Math.max(time - from, 0), length) / length) * PLOT_WIDTH;
  const base = top + 40 + BARS;
  const most = Math.max(1, ...spans.map(({ good, failed: bad }) => good + bad));
  const width = spanWidth(spans, length);
  const bars = spans.map((span) => bar(span, { left: x(span.from), width, base, scale: BARS / most }));
  const open = openings.map(({ at, until = to }) =>
    rect('open', x(at), base - BARS - STRIP - 2, x(until) - x(at), STRIP),
  );
  const title = `${upstream.upstream}: ${calls} calls, ${failed} failed; breaker openings: ${configured.opened}, failing calls saved: ${configured.saved}, good calls refused: ${configured.refused}`;
  return [
    `<text x="${MARGIN}" y="${top + 24}" class="title">${escaped(title)}</text>`,
    ...bars,
    ...open,
    `<line x1="${MARGIN}" y1="${base}" x2="${WIDTH - MARGIN}" y2="${base}" class="axis"/>`,
    `<text x="${MARGIN - 6}" y="${base - BARS + 10}" text-anchor="end" class="small">${most}</text>`,
    `<text x="${MARGIN - 6}" y="${base}" text-anchor="end" class="small">0</text>`,
    ...ticks(from, length, base),
  ].join('\n');
}

interface Place {
  readonly left: number;
  readonly width: number;
  readonly base: number;
  /** Pixels for each call. */
  readonly scale: number;
}

function bar({ good, failed }: Span, { left, width, base, scale }: Place): string {
  const failedHeight = failed * scale;
  const parts = [
    failed > 0 ? rect('failed', left, base - failedHeight, width, failedHeight) : '',
    good > 0 ? rect('good', left, base - failedHeight - good * scale, width, good * scale) : '',
  ];
  return parts.filter((part) => part !== '').join('');
}

function ticks(from: number, length: number, base: number): string[] {
  return Array.from({ length: TICKS + 1 }, (_, i) => {
    const time = new Date(from + (length * i) / TICKS).toISOString();
    const at = MARGIN + (PLOT_WIDTH * i) / TICKS;
    // The day once, below the first tick.
    const day = i === 0 ? `<text x="${at}" y="${base + 32}" class="small">${time.slice(0, 10)}</text>` : '';
    return `<line x1="${at}" y1="${base}" x2="${at}" y2="${base + 4}" class="axis"/><text x="${at}" y="${base + 18}" text-anchor="${i === 0 ? 'start' : 'middle'}" class="small">${time.slice(11, 19)}</text>${day}`;
  });
}

/** Pixels of a span: the shortest distance between two of them, which follow each other unless there are no calls. */
function spanWidth(spans: readonly Span[], length: number): number {
  const distances = spans.slice(1).map(({ from }, i) => from - (spans[i]?.from ?? from));
  return Math.max(1, (Math.min(length, ...distances) / length) * PLOT_WIDTH);
}

function rect(kind: string, x: number, y: number, width: number, height: number): string {
  // Between edges that are no whole pixels, neighbours would have gaps.
  const left = Math.round(x);
  const right = Math.max(Math.round(x + width), left + 1);
  return `<rect class="${kind}" x="${left}" y="${y.toFixed(1)}" width="${right - left}" height="${height.toFixed(1)}"/>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
