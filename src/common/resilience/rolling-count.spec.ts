import { expect, it } from 'vitest';
import { RollingCount } from './rolling-count.js';

const WINDOW = 10_000;

function setUp() {
  const time = { now: 5_000 };
  return { time, count: new RollingCount(WINDOW, { now: () => time.now, wall: () => time.now }) };
}

it('counts the events in the window, as adding them all up would', () => {
  const { time, count } = setUp();
  const all: number[] = [];
  for (let i = 0; i < 5_000; i++) {
    // Steps of all sizes, some longer than the window.
    time.now += i % 500 === 0 ? 12_000 : (i * 37) % 90;
    count.add();
    all.push(time.now);
    const slot = Math.floor(time.now / 1_000);
    const kept = all.filter((at) => Math.floor(at / 1_000) > slot - 10);
    expect(count.sum).toBe(kept.length);
    all.splice(0, all.length - kept.length);
  }
});

it('adds several events at once', () => {
  const { time, count } = setUp();
  count.add(3);
  time.now += WINDOW / 2;
  expect(count.add(2)).toBe(5);
  time.now += WINDOW / 2;
  expect(count.sum).toBe(2);
});

it('forgets events without a new one', () => {
  const { time, count } = setUp();
  count.add();
  time.now += WINDOW - 1;
  expect(count.sum).toBe(1);
  time.now += 1;
  expect(count.sum).toBe(0);
});

it('forgets every event when it is cleared', () => {
  const { time, count } = setUp();
  count.add();
  count.clear();
  expect(count.sum).toBe(0);
  time.now += WINDOW;
  count.add();
  expect(count.sum).toBe(1);
});
