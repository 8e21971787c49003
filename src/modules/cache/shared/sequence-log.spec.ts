import { describe, expect, it } from 'vitest';
import { SequenceLog } from './sequence-log.js';

function logFrom(last: number): SequenceLog {
  const log = new SequenceLog();
  log.compare('epoch', last);
  return log;
}

describe('SequenceLog', () => {
  it('is not complete at its start, since earlier messages are unknown', () => {
    expect(new SequenceLog().compare('epoch', 0)).toBe('missed');
  });

  it('is complete when every message arrived', () => {
    const log = logFrom(3);
    log.add(4);
    expect(log.compare('epoch', 4)).toBe('complete');
  });

  it('accepts messages in any order', () => {
    const log = logFrom(3);
    for (const number of [6, 4, 5]) log.add(number);
    expect(log.compare('epoch', 6)).toBe('complete');
  });

  it('reports a missing message once', () => {
    const log = logFrom(3);
    log.add(5);
    expect(log.compare('epoch', 5)).toBe('missed');
    expect(log.compare('epoch', 5)).toBe('complete');
  });

  it('does not know what was missed when Redis has other data', () => {
    const log = logFrom(3);
    expect(log.compare('other', 3)).toBe('unknown');
    log.add(4);
    expect(log.compare('other', 4)).toBe('complete');
  });

  it('counts a message that arrived while Redis was asked for the last number', () => {
    const log = logFrom(3);
    log.add(4);
    expect(log.compare('epoch', 3)).toBe('complete');
    expect(log.compare('epoch', 4)).toBe('complete');
  });

  it('takes a message that never arrives for lost after a thousand later ones', () => {
    const log = logFrom(0);
    let isLost = false;
    for (let number = 2; number <= 1_100; number++) {
      if (!log.add(number)) isLost = true;
    }
    expect(isLost).toBe(true);
    expect(log.compare('epoch', 1_100)).toBe('complete');
  });
});
