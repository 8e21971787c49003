import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { ConfigStore } from './config.store.js';
import { LogLevel } from './log-level.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const of = (level: string) => configOf(`log: { level: ${level} }`);

it('returns to the configured level, which may be another one by then', async () => {
  const store = new ConfigStore(of('warn'));
  const level = new LogLevel(store);
  const levels: string[] = [];
  level.changed.on((each) => levels.push(each));
  level.set({ level: 'debug', lasts: 60_000 });
  await store.apply(of('error'));
  expect(level.current).toBe('debug');
  vi.advanceTimersByTime(59_000);
  expect(level.left).toEqual({ level: 'debug', lasts: 1_000 });
  vi.advanceTimersByTime(1_000);
  expect(level.left).toBeUndefined();
  expect(levels).toEqual(['debug', 'debug', 'error']);
});
