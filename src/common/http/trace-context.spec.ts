import { expect, it } from 'vitest';
import { withSoundTrace } from './trace-context.js';

const SOUND = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const zeros = (length: number) => '0'.repeat(length);

it.each([
  SOUND,
  SOUND.replace(/01$/, '00'),
  // A version of the future may say more.
  SOUND.replace(/^00/, 'cc'),
  `${SOUND.replace(/^00/, 'cc')}-more`,
])('passes %s on, with its state', (parent) => {
  const headers = ['Accept', 'x', 'Traceparent', parent, 'tracestate', 'a=1', 'TraceState', 'b=2'];
  expect(withSoundTrace(headers)).toEqual(headers);
});

it.each([
  ['of a version that may not be', SOUND.replace(/^00/, 'ff')],
  ['longer than its version', `${SOUND}-more`],
  ['of a future version, with more that is no field', `${SOUND.replace(/^00/, 'cc')}more`],
  ['in upper case', SOUND.toUpperCase()],
  ['of no trace', `00-${zeros(32)}-00f067aa0ba902b7-01`],
  ['of no span', `00-4bf92f3577b34da6a3ce929d0e0e4736-${zeros(16)}-01`],
  ['too short', SOUND.slice(0, -1)],
  ['of something else', SOUND.replace('f', 'g')],
  ['empty', ''],
  ['an attack', `${SOUND}\u001b[31m`],
  ['of 10,000 characters', 'a'.repeat(10_000)],
])('drops a parent that is %s, and its state', (_, parent) => {
  const headers = ['traceparent', parent, 'Accept', 'x', 'tracestate', 'a=1', 'TraceState', 'b=2'];
  expect(withSoundTrace(headers)).toEqual(['Accept', 'x']);
});

it('drops two parents, of which nobody knows which one is meant', () => {
  expect(withSoundTrace(['traceparent', SOUND, 'Accept', 'x', 'Traceparent', SOUND])).toEqual([
    'Accept',
    'x',
  ]);
});

it('drops a state without a parent', () => {
  expect(withSoundTrace(['tracestate', 'a=1', 'Accept', 'x'])).toEqual(['Accept', 'x']);
});
