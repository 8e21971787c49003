import { describe, expect, it } from 'vitest';
import { breakerBands, transitionOf } from './transitions.js';

const time = '2026-01-01T00:00:00.000Z';
const at = Date.parse(time);
const opening = { time, context: 'Breaker', upstream: 'orders', to: 'open', reason: 'health' } as const;

describe('transitionOf', () => {
  it('reads what a breaker does and the last failure before it opened', () => {
    const failures = [
      { outcome: 'reset', detail: 'ECONNRESET' },
      { outcome: 'connect_failed', detail: 'ECONNREFUSED' },
    ];
    expect(transitionOf({ ...opening, failures })).toEqual({
      at,
      upstream: 'orders',
      to: 'open',
      reason: 'health',
      cause: 'connect_failed ECONNREFUSED',
    });
    const timeouts = [{ outcome: 'deadline', detail: 'deadline' }];
    expect(transitionOf({ ...opening, failures: timeouts })?.cause).toBe('deadline');
  });

  it('ignores every other line', () => {
    expect(transitionOf({ ...opening, context: 'Redis' })).toBeUndefined();
    expect(transitionOf({ time, context: 'Breaker' })).toBeUndefined();
  });
});

describe('breakerBands', () => {
  it('lasts from each transition of a breaker to its next one, or to the end', () => {
    const transition = { upstream: 'orders', reason: 'health' };
    const bands = breakerBands(
      [
        { ...transition, at: 1, to: 'open', cause: 'reset' },
        { ...transition, at: 2, to: 'open', upstream: 'users' },
        { ...transition, at: 3, to: 'half-open' },
        { ...transition, at: 4, to: 'closed' },
      ],
      10,
    );
    expect(bands).toEqual([
      { upstream: 'orders', state: 'open', from: 1, to: 3, reason: 'health', cause: 'reset' },
      { upstream: 'users', state: 'open', from: 2, to: 10, reason: 'health' },
      { upstream: 'orders', state: 'half-open', from: 3, to: 4, reason: 'health' },
    ]);
  });
});
