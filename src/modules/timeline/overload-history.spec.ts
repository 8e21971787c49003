import { describe, expect, it } from 'vitest';
import { OverloadHistory } from './overload-history.js';

const START = 1_800_000_000;
const since = new Date(START * 1_000);

function floodedFor(seconds: number, processes = 1): OverloadHistory {
  const history = new OverloadHistory();
  for (let i = 0; i < seconds * processes; i++)
    history.add(START + Math.floor(i / processes), { delay: 30, memory: 0 });
  return history;
}

describe('OverloadHistory', () => {
  it('tells since when requests are rejected, why, and how many of all processes', () => {
    expect(floodedFor(20, 2).current(START + 20)).toEqual([
      { reason: 'delay', since, rejectedPerSecond: 60 },
    ]);
    expect(floodedFor(3).current(START + 3)).toEqual([{ reason: 'delay', since, rejectedPerSecond: 30 }]);
  });

  it('tells it until a minute after the last rejection', () => {
    const history = floodedFor(20);
    expect(history.current(START + 24)).toMatchObject([{ rejectedPerSecond: 18 }]);
    expect(history.current(START + 79)).toEqual([{ reason: 'delay', since, rejectedPerSecond: 0 }]);
    expect(history.current(START + 80)).toEqual([]);
    history.add(START + 90, { delay: 1, memory: 2 });
    const again = new Date((START + 90) * 1_000);
    expect(history.current(START + 91)).toEqual([
      { reason: 'delay', since: again, rejectedPerSecond: 1 },
      { reason: 'memory', since: again, rejectedPerSecond: 2 },
    ]);
  });

  it('tells nothing while nothing was rejected', () => {
    const history = new OverloadHistory();
    history.add(START, { delay: 0, memory: 0 });
    expect(history.current(START + 1)).toEqual([]);
  });
});
