/** @import { traceOf } from './history.js' */

const NAMESPACE = 'http://www.w3.org/2000/svg';
const [WIDTH, HEIGHT] = [120, 24];

/** A picture of requests and errors. Its numbers are beside it in words, so it is hidden from readers of screens. */
export function sparkline() {
  const node = document.createElementNS(NAMESPACE, 'svg');
  for (const [name, value] of Object.entries({
    class: 'spark',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  }))
    node.setAttribute(name, value);
  const requests = line('requests');
  const errors = line('errors');
  node.append(requests, errors);
  return {
    node,
    /** @param {ReturnType<typeof traceOf>} trace */
    update(trace) {
      if (!trace) return;
      const most = Math.max(...trace.requests, 0.1);
      requests.setAttribute('points', points(trace.requests, most));
      errors.setAttribute('points', trace.errors.some((n) => n > 0) ? points(trace.errors, most) : '');
    },
  };
}

/** @param {string} className */
function line(className) {
  const node = document.createElementNS(NAMESPACE, 'polyline');
  node.setAttribute('class', className);
  return node;
}

/** @type {(numbers: readonly number[], most: number) => string} */
function points(numbers, most) {
  const first = WIDTH - numbers.length;
  return numbers
    .map((n, i) => `${first + i},${(HEIGHT - 1.5 - (n / most) * (HEIGHT - 3)).toFixed(1)}`)
    .join(' ');
}
