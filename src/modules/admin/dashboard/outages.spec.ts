import { describe, expect, it } from 'vitest';
import { START, transition } from '../../../../test/support/reports.js';
import { bandOf, currentOutage, lanesOf, outagesIn } from './outages.js';

const closed = { from: 'half-open', to: 'closed', reason: 'trial-passed' } as const;
const halfOpen = { from: 'open', to: 'half-open', reason: 'open-elapsed' } as const;
const failed = { from: 'half-open', to: 'open', reason: 'trial-failed' } as const;
const at = (seconds: number) => START + seconds * 1_000;

describe('the outages of a timeline', () => {
  it('last from the first transition until the breaker is closed, whatever trials did', () => {
    const cause = transition(0, 'a', {});
    const events = [
      cause,
      transition(1, 'b', {}),
      transition(10, 'a', halfOpen),
      transition(11, 'a', failed),
      transition(20, 'a', halfOpen),
      transition(21, 'a', closed),
    ];
    expect(outagesIn(events)).toMatchObject([
      { upstream: 'a', from: at(0), to: at(21), cause, trials: 1 },
      { upstream: 'b', from: at(1), to: undefined, trials: 0 },
    ]);
    expect(currentOutage(events, 'a')).toBeUndefined();
    expect(currentOutage(events, 'b')).toMatchObject({ from: at(1) });
  });

  it('end when the upstream is removed', () => {
    const removal = {
      kind: 'upstream',
      id: 'x.1',
      at: new Date(at(5)).toISOString(),
      upstream: 'a',
      isRemoved: true,
    } as const;
    expect(outagesIn([transition(0, 'a', {}), removal])).toMatchObject([{ to: at(5) }]);
  });

  it('are shown as lanes: what is open now first, then the newest, and nothing that is over for long', () => {
    const events = [
      transition(0, 'old', {}),
      transition(1, 'old', closed),
      transition(100, 'open', {}),
      transition(200, 'over', {}),
      transition(201, 'over', closed),
    ];
    expect([...lanesOf(outagesIn(events), at(50)).keys()]).toEqual(['open', 'over']);
  });
});

describe('a band', () => {
  const axis = { from: 100, to: 200 };
  it.each([
    [
      { from: 120, to: 150 },
      { left: 0.2, width: 0.3 },
    ],
    [
      { from: 50, to: 150 },
      { left: 0, width: 0.5 },
    ],
    [
      { from: 150, to: undefined },
      { left: 0.5, width: 0.5 },
    ],
    [{ from: 10, to: 90 }, undefined],
  ])('of %j is at %j', (outage, band) => expect(bandOf(outage, axis)).toEqual(band));
});
