import { OUTCOMES, OUTCOME_TITLES } from '../records.js';
import type { Series } from '../series.js';
import type { Flow } from '../types.js';
import { clock, LEFT, type Panel, type TimeAxis } from './frame.js';
import { element, escape, text } from './svg.js';

const HEIGHT = 46;
const GAP = 12;

/** Stacked bars of the requests of a flow in each second. */
export function outcomePanel(flow: Flow, { outcomes, binMs }: Series, axis: TimeAxis): Panel {
  const bins = outcomes[flow].map((counts) =>
    OUTCOMES.map((outcome) => ({ outcome, rate: counts[outcome] / (binMs / 1000) })).filter(
      ({ rate }) => rate > 0,
    ),
  );
  const totals = bins.map((bin) => bin.reduce((sum, { rate }) => sum + rate, 0));
  const most = Math.max(1, ...totals);
  const bars = bins.map((bin, i) => {
    const from = axis.range.from + i * binMs;
    const x = axis.x(from);
    const width = Math.max(0.5, axis.x(from + binMs) - x - 0.6);
    let y = HEIGHT;
    const parts = bin.map(({ outcome, rate }) => {
      const height = (HEIGHT * rate) / most;
      y -= height;
      return element('rect', { x, y, width, height, class: outcome });
    });
    const what = bin.map(({ outcome, rate }) => `${Math.round(rate * 10) / 10} ${OUTCOME_TITLES[outcome]}`);
    const title = `${clock((i * binMs) / 1000)}, requests per second: ${what.join(', ')}`;
    return element('g', {}, `${element('title', {}, escape(title))}${parts.join('')}`);
  });
  return {
    height: HEIGHT + GAP,
    markup: [
      text(LEFT - 10, HEIGHT / 2, flow, 'name'),
      text(LEFT - 10, HEIGHT / 2 + 14, `up to ${Math.round(most)}/s`, 'unit'),
      element('line', { x1: LEFT, x2: axis.x(axis.range.to), y1: HEIGHT, y2: HEIGHT, class: 'base' }),
      ...bars,
    ].join(''),
  };
}
