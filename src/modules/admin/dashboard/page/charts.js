import { clockTime, milliseconds, rate } from '../format.js';
import { el } from './dom.js';
import uPlot from './uplot.js';

/** @import { Rates } from '../wire.js' */

/** Seconds of a point. Single seconds would be noise in 15 minutes. */
const STEP = 5;
const HEIGHT = 150;

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} colour name of a custom property
 * @property {number[]} [dash] so that colour is not the only difference
 * @property {(rates: Rates) => (number | null)[]} valuesOf
 */

/** @type {readonly Line[]} */
const TRAFFIC = [
  { label: 'Requests', colour: '--accent', valuesOf: ({ requests }) => sums(requests) },
  { label: 'Errors', colour: '--bad', dash: [6, 3], valuesOf: ({ errors }) => sums(errors) },
  {
    label: 'Fallback or stale',
    colour: '--warn',
    dash: [2, 3],
    valuesOf: ({ fallbacks, stale }) => sums(fallbacks.map((n, i) => n + (stale[i] ?? 0))),
  },
];

/** @type {readonly Line[]} */
const LATENCY = [
  { label: 'p50', colour: '--accent', valuesOf: ({ p50 }) => mosts(p50) },
  { label: 'p95', colour: '--warn', dash: [6, 3], valuesOf: ({ p95 }) => mosts(p95) },
  { label: 'p99', colour: '--bad', dash: [2, 3], valuesOf: ({ p99 }) => mosts(p99) },
];

export function trafficChart() {
  return chart('Requests per second', TRAFFIC, rate);
}

export function latencyChart() {
  return chart('Time to the end of the response, worst of 5 s', LATENCY, milliseconds);
}

/** @type {(title: string, lines: readonly Line[], words: (n: number) => string) => { node: HTMLElement, update: (rates: Rates) => void, destroy: () => void }} */
function chart(title, lines, words) {
  const place = el('div', 'plot');
  const node = el('figure', {}, el('figcaption', {}, title), place);
  /** @type {uPlot | undefined} */
  let plot;
  const resize = new ResizeObserver(([entry]) => {
    if (entry && entry.contentRect.width > 0)
      plot?.setSize({ width: entry.contentRect.width, height: HEIGHT });
  });
  resize.observe(place);
  return {
    node,
    update(rates) {
      const data = /** @type {uPlot.AlignedData} */ ([
        times(rates),
        ...lines.map(({ valuesOf }) => valuesOf(rates)),
      ]);
      if (plot) plot.setData(data);
      else plot = new uPlot(optionsOf(lines, words, place.clientWidth), data, place);
      node.setAttribute('aria-label', summaryOf(title, lines, rates, words));
    },
    destroy() {
      resize.disconnect();
      plot?.destroy();
    },
  };
}

/** @type {(lines: readonly Line[], words: (n: number) => string, width: number) => uPlot.Options} */
function optionsOf(lines, words, width) {
  const style = getComputedStyle(document.documentElement);
  // `light-dark()` is resolved in colours only, not in custom properties.
  const probe = document.body.appendChild(el('i'));
  const colour = (/** @type {string} */ name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1, size: 4 },
    font: `12px ${style.fontFamily}`,
  };
  const options = {
    width: Math.max(width, 200),
    height: HEIGHT,
    cursor: { drag: { x: false, y: false } },
    scales: {
      y: {
        range: (/** @type {uPlot} */ _, /** @type {number} */ _least, /** @type {number} */ most) =>
          zeroTo(most),
      },
    },
    axes: [
      { ...axis, space: 70, values: (/** @type {uPlot} */ _, /** @type {number[]} */ at) => at.map(minute) },
      { ...axis, size: 64, values: (/** @type {uPlot} */ _, /** @type {number[]} */ n) => n.map(words) },
    ],
    series: [
      {
        label: 'Time',
        value: (/** @type {uPlot} */ _, /** @type {number | null} */ at) =>
          at === null ? '–' : clockTime(at * 1_000, Date.now()),
      },
      ...lines.map(({ label, colour: name, dash }) => ({
        label,
        dash,
        stroke: colour(name),
        width: 1.5,
        value: (/** @type {uPlot} */ _, /** @type {number | null} */ n) => (n === null ? '–' : words(n)),
      })),
    ],
  };
  probe.remove();
  return options;
}

/** @type {(most: number | null) => [number, number]} */
function zeroTo(most) {
  return [0, Math.max(1, (most ?? 0) * 1.1)];
}

/** @param {number} at seconds since the epoch */
function minute(at) {
  return clockTime(at * 1_000, at * 1_000).slice(0, 5);
}

/** @param {Rates} rates */
function times({ from, requests }) {
  return Array.from({ length: Math.ceil(requests.length / STEP) }, (_, i) => from + i * STEP);
}

/** @param {readonly number[]} counts */
function sums(counts) {
  return chunks(counts).map((chunk) => chunk.reduce((sum, n) => sum + n, 0) / chunk.length);
}

/** @param {readonly (number | null)[]} values */
function mosts(values) {
  return chunks(values).map((chunk) => {
    const known = chunk.filter((n) => n !== null);
    return known.length === 0 ? null : Math.max(...known);
  });
}

/**
 * @template T
 * @param {readonly T[]} values
 */
function chunks(values) {
  return Array.from({ length: Math.ceil(values.length / STEP) }, (_, i) =>
    values.slice(i * STEP, (i + 1) * STEP),
  );
}

/** @type {(title: string, lines: readonly Line[], rates: Rates, words: (n: number) => string) => string} */
function summaryOf(title, lines, rates, words) {
  const parts = lines.map(({ label, valuesOf }) => {
    const values = valuesOf(rates).filter((n) => n !== null);
    const last = values.at(-1);
    return last === undefined
      ? `${label}: no data`
      : `${label}: ${words(last)} now, ${words(Math.max(...values))} at most`;
  });
  return `${title}. ${parts.join('. ')}.`;
}
