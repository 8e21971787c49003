import type { Panel, TimeAxis } from './frame.js';
import { LEFT } from './frame.js';
import { element, round, text } from './svg.js';

const GAP = 22;
const MOST_MARKS = 6;

export interface Line {
  readonly className: string;
  readonly points: readonly { readonly at: number; readonly value: number | undefined }[];
}

export interface LineChart {
  readonly name: string;
  readonly unit: string;
  readonly height: number;
  /** A logarithmic scale shows 5 ms beside 1 s. */
  readonly scale: 'linear' | 'logarithmic';
  readonly lines: readonly Line[];
  readonly limit?: { readonly value: number; readonly label: string };
}

export function linePanel({ name, unit, height, scale, lines, limit }: LineChart, axis: TimeAxis): Panel {
  const values = lines.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const [low, high] = bounds([...values, ...(limit ? [limit.value] : [])], scale);
  const position = scale === 'linear' ? (value: number) => value : Math.log10;
  // The logarithm of 0 has no place.
  const y = (value: number) =>
    height - (height * (position(Math.max(value, low)) - position(low))) / (position(high) - position(low));
  const marks = scale === 'linear' ? [low, high] : niceValues(low, high);
  return {
    height: height + GAP,
    markup: [
      text(LEFT - 10, height / 2 - 2, name, 'name'),
      text(LEFT - 10, height / 2 + 12, unit, 'unit'),
      ...marks.flatMap((mark) => [
        element('line', { x1: LEFT, x2: axis.x(axis.range.to), y1: y(mark), y2: y(mark), class: 'mark' }),
        text(axis.x(axis.range.to) + 5, y(mark) + 3, mark.toLocaleString('en'), 'scale'),
      ]),
      ...lines.map(({ className, points }) =>
        element('path', { d: pathOf(points, (at) => axis.x(at), y), class: `line ${className}` }),
      ),
      ...(limit
        ? [
            element('line', {
              x1: LEFT,
              x2: axis.x(axis.range.to),
              y1: y(limit.value),
              y2: y(limit.value),
              class: 'limit',
            }),
            // At the top there is no room above the line.
            text(LEFT + 4, y(limit.value) + (y(limit.value) < 14 ? 12 : -4), limit.label, 'limit-label'),
          ]
        : []),
    ].join(''),
  };
}

function bounds(values: readonly number[], scale: LineChart['scale']): [number, number] {
  const high = Math.max(1, ...values);
  if (scale === 'linear') return [0, Math.ceil(high / 10) * 10];
  const low = Math.min(...values.filter((value) => value > 0), high);
  return [NICE.findLast((each) => each < low) ?? NICE_LEAST, NICE.find((each) => each > high) ?? 2 * high];
}

const NICE_LEAST = 0.1;
const NICE = [-1, 0, 1, 2, 3, 4].flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent));

/** @returns values between the bounds, few enough that their labels do not overlap */
function niceValues(low: number, high: number): number[] {
  const all = NICE.filter((each) => each >= low && each <= high);
  return all.length <= MOST_MARKS ? all : all.filter((each) => /^0?\.?0*1/.test(String(each)));
}

/** A point without a value interrupts the line; one between two of them is drawn as a short dash. */
function pathOf(points: Line['points'], x: (at: number) => number, y: (value: number) => number): string {
  let isDrawing = false;
  return points
    .map(({ at, value }) => {
      if (value === undefined) {
        isDrawing = false;
        return '';
      }
      const place = `${round(x(at))} ${round(y(value))}`;
      const step = isDrawing ? `L${place}` : `M${place}h0.5`;
      isDrawing = true;
      return step;
    })
    .join('');
}
