import { expect, it } from 'vitest';
import { CancellationSource, toSignal } from './cancellation.js';

it('calls each listener once, in order', () => {
  const source = new CancellationSource();
  const calls: string[] = [];
  source.addEventListener('abort', () => calls.push('first'));
  source.addEventListener('abort', () => calls.push('second'));
  source.abort();
  source.abort();
  expect(calls).toEqual(['first', 'second']);
  expect(source.aborted).toBe(true);
});

it('does not call a removed listener', () => {
  const source = new CancellationSource();
  let calls = 0;
  const count = () => calls++;
  source.addEventListener('abort', count);
  source.removeEventListener('abort', count);
  source.abort();
  expect(calls).toBe(0);
});

it('becomes an AbortSignal that aborts with it', () => {
  const source = new CancellationSource();
  const signal = toSignal(source);
  expect(signal.aborted).toBe(false);
  source.abort();
  expect(signal.aborted).toBe(true);
  expect(toSignal(source).aborted).toBe(true);
});

it('returns an AbortSignal as it is', () => {
  const { signal } = new AbortController();
  expect(toSignal(signal)).toBe(signal);
});
