import { expect, it } from 'vitest';
import { withValidTrace } from './trace-context.js';

const VALID = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const zeros = (length: number) => '0'.repeat(length);

it.each([
  VALID,
  VALID.replace(/01$/, '00'),
  // A version of the future may say more.
  VALID.replace(/^00/, 'cc'),
  `${VALID.replace(/^00/, 'cc')}-more`,
])('keeps %s and its state', (parent) => {
  const headers = ['Accept', 'x', 'Traceparent', parent, 'tracestate', 'a=1', 'TraceState', 'b=2'];
  expect(withValidTrace(headers)).toEqual(headers);
});

it.each([
  ['of an invalid version', VALID.replace(/^00/, 'ff')],
  ['longer than its version', `${VALID}-more`],
  ['of a future version, with text that is not a part', `${VALID.replace(/^00/, 'cc')}more`],
  ['in upper case', VALID.toUpperCase()],
  ['of an all-zero trace', `00-${zeros(32)}-00f067aa0ba902b7-01`],
  ['of an all-zero span', `00-4bf92f3577b34da6a3ce929d0e0e4736-${zeros(16)}-01`],
  ['too short', VALID.slice(0, -1)],
  ['not hexadecimal', VALID.replace('f', 'g')],
  ['empty', ''],
  ['an attack', `${VALID}\u001b[31m`],
  ['of 10,000 characters', 'a'.repeat(10_000)],
])('drops a parent that is %s, and its state', (_, parent) => {
  const headers = ['traceparent', parent, 'Accept', 'x', 'tracestate', 'a=1', 'TraceState', 'b=2'];
  expect(withValidTrace(headers)).toEqual(['Accept', 'x']);
});

it('drops two parents', () => {
  expect(withValidTrace(['traceparent', VALID, 'Accept', 'x', 'Traceparent', VALID])).toEqual([
    'Accept',
    'x',
  ]);
});

it('drops a state without a parent', () => {
  expect(withValidTrace(['tracestate', 'a=1', 'Accept', 'x'])).toEqual(['Accept', 'x']);
});
