import { describe, expect, it } from 'vitest';
import { SequenceLog } from './sequence-log.js';

function logFrom(last: number): SequenceLog {
  const log = new SequenceLog();
  log.isComplete('epoch', last);
  return log;
}

describe('SequenceLog', () => {
  it('is not complete at its start, since earlier messages are unknown', () => {
    expect(new SequenceLog().isComplete('epoch', 0)).toBe(false);
  });

  it('is complete when every message arrived', () => {
    const log = logFrom(3);
    log.add(4);
    expect(log.isComplete('epoch', 4)).toBe(true);
  });

  it('accepts messages in any order', () => {
    const log = logFrom(3);
    for (const number of [6, 4, 5]) log.add(number);
    expect(log.isComplete('epoch', 6)).toBe(true);
  });

  it('reports a missing message once', () => {
    const log = logFrom(3);
    log.add(5);
    expect(log.isComplete('epoch', 5)).toBe(false);
    expect(log.isComplete('epoch', 5)).toBe(true);
  });

  it('is not complete when Redis has other data', () => {
    const log = logFrom(3);
    expect(log.isComplete('other', 3)).toBe(false);
    log.add(4);
    expect(log.isComplete('other', 4)).toBe(true);
  });

  it('counts a message that arrived while Redis was asked for the last number', () => {
    const log = logFrom(3);
    log.add(4);
    expect(log.isComplete('epoch', 3)).toBe(true);
    expect(log.isComplete('epoch', 4)).toBe(true);
  });

  it('takes a message that never arrives for lost after a thousand later ones', () => {
    const log = logFrom(0);
    let isLost = false;
    for (let number = 2; number <= 1_100; number++) {
      if (!log.add(number)) isLost = true;
    }
    expect(isLost).toBe(true);
    expect(log.isComplete('epoch', 1_100)).toBe(true);
  });
});
