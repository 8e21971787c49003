import type { InjectedFault } from '../fault-injector.js';
import type { FaultTarget } from '../schedule.js';
import type { BreakerBand } from '../transitions.js';
import { type Interval, SERVICES } from '../types.js';
import { clock, LEFT, type Panel, type TimeAxis } from './frame.js';
import { box, element, text } from './svg.js';

const STALLS = 'stalls';
const LANE = 24;
/** Pixels. */
const BAR = 16;
const NARROWEST = 2;
const CAPTION = 9;
const LETTER = 6.1;
const SMALL_LETTER = 5.3;

interface Band {
  readonly lane: string;
  readonly from: number;
  readonly to: number;
  readonly className: string;
  readonly label: string;
  readonly tooltip: string;
  /** Pixels; what is shorter is drawn this wide. */
  readonly narrowest?: number;
}

/** @param stalls when the machine was too busy, in a lane of their own */
export function faultPanel(
  faults: readonly InjectedFault[],
  stalls: readonly Interval[],
  axis: TimeAxis,
): Panel {
  const order: readonly FaultTarget[] = ['orders', 'users', 'live', 'redis'];
  const lanes = order.filter((lane) => faults.some(({ target }) => target === lane));
  const bands = faults.map(({ target, kind, from, to = axis.range.to }) => ({
    lane: target,
    from,
    to,
    className: `fault ${target === 'redis' ? 'redis' : 'service'}`,
    label: kind,
    tooltip: `${kind} ${target}, ${span(from, to, axis)}`,
  }));
  const stalled = stalls.map(({ from, to }) => ({
    lane: STALLS,
    from,
    to,
    className: 'stall',
    narrowest: 0.5,
    label: '',
    tooltip: `The machine stalled, ${span(from, to, axis)}`,
  }));
  return lanePanel([...lanes, STALLS], [...bands, ...stalled], axis, besideBand);
}

export function breakerPanel(bands: readonly BreakerBand[], axis: TimeAxis): Panel {
  return lanePanel(
    SERVICES,
    bands.map(({ upstream, state, from, to, reason, cause }) => ({
      lane: upstream,
      from,
      to,
      className: `breaker ${state}`,
      // What a half-open breaker is about was said when it opened.
      label: state === 'open' ? (cause ?? reason) : '',
      tooltip: `${upstream} ${state}, ${span(from, to, axis)}: ${reason}${cause ? ` after ${cause}` : ''}`,
    })),
    axis,
    belowBand,
  );
}

const span = (from: number, to: number, { range }: TimeAxis) =>
  `${clock((from - range.from) / 1000)} to ${clock((to - range.from) / 1000)} (${((to - from) / 1000).toFixed(1)} s)`;

type Label = (band: Band, next: Band | undefined, y: number, axis: TimeAxis) => string;

function lanePanel(lanes: readonly string[], bands: readonly Band[], axis: TimeAxis, label: Label): Panel {
  const laneHeight = label === belowBand ? LANE + CAPTION : LANE;
  const markup = lanes.map((lane, i) => {
    const y = i * laneHeight;
    const own = bands.filter((band) => band.lane === lane);
    return [
      text(LEFT - 10, y + 13, lane, 'name'),
      element('line', {
        x1: LEFT,
        x2: axis.x(axis.range.to),
        y1: y + BAR / 2,
        y2: y + BAR / 2,
        class: 'lane',
      }),
      ...own.map((band) => {
        const x = axis.x(band.from);
        const width = Math.max(band.narrowest ?? NARROWEST, axis.x(band.to) - x);
        return box({ x, y, width, height: BAR, rx: 3, class: band.className }, band.tooltip);
      }),
      ...own.map((band, at) => label(band, own[at + 1], y, axis)),
    ].join('');
  });
  return { height: lanes.length * laneHeight, markup: markup.join('') };
}

/** Writes below a band up to the next one; what has no room is shortened to its last word, or left to the tooltip. */
function belowBand({ from, label }: Band, next: Band | undefined, y: number, axis: TimeAxis): string {
  const room = (next ? axis.x(next.from) : axis.x(axis.range.to)) - axis.x(from);
  const fitting = [label, label.split(' ').at(-1) ?? ''].find(
    (each) => each.length * SMALL_LETTER <= room - 4,
  );
  return fitting ? text(axis.x(from), y + BAR + 10, fitting, 'caption') : '';
}

/** Writes into a band, or behind it where the next one leaves room; otherwise only the tooltip tells. */
function besideBand({ from, to, label }: Band, next: Band | undefined, y: number, axis: TimeAxis): string {
  const width = label.length * LETTER;
  const x = axis.x(from);
  const end = Math.max(axis.x(to), x + NARROWEST);
  if (width + 8 <= end - x) return text(x + 5, y + 12, label, 'inside');
  const room = (next ? axis.x(next.from) : axis.x(axis.range.to)) - end;
  return width + 8 <= room ? text(end + 4, y + 12, label, 'beside') : '';
}
