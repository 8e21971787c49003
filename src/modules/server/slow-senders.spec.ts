import { EventEmitter } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ClientErrors } from './client-error.js';
import { OpenResponses } from './open-responses.js';
import { refuseSlowSenders } from './slow-senders.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIMITS = { requestIdleTimeout: 5_000, receiveMinRate: 100 };

/** @returns an upload that is judged until the test ends */
function setUp(limits: Partial<typeof LIMITS> = {}) {
  const responses = new OpenResponses(() => undefined);
  const clock = { now: () => Date.now(), wall: () => Date.now() };
  const causes: string[] = [];
  const cut = (_res: ServerResponse, _code: string, cause: string) => void causes.push(cause);
  refuseSlowSenders(
    new EventEmitter() as Server,
    responses,
    () => ({ ...LIMITS, ...limits }),
    () => 0,
    { cut } as unknown as ClientErrors,
    clock,
  );
  const socket = Object.assign(new EventEmitter(), {
    writable: true,
    bytesRead: 1_000,
    paused: false,
    isPaused: () => socket.paused,
  });
  const req = { socket, complete: false, headers: {} };
  // What of it is looked at.
  responses.add(Object.assign(new EventEmitter(), { req }) as unknown as ServerResponse);
  const send = (seconds: number, bytesPerSecond: number) => {
    for (let i = 0; i < seconds; i++) {
      socket.bytesRead += bytesPerSecond;
      vi.advanceTimersByTime(1_000);
    }
  };
  return { socket, causes, send };
}

it.each([
  ['refuses', 'that sends a byte now and then', [1, 1], true],
  ['refuses', 'that has sent fast before and no longer does', [100_000, 90], true],
  ['does not refuse', 'that sends just fast enough', [110, 110], false],
])('%s an upload %s', (_, _upload, rates, isRefused) => {
  const { causes, send } = setUp();
  for (const rate of rates) send(6, rate);
  expect(causes.includes('The body arrived more slowly than receiveMinRate')).toBe(isRefused);
});

it('judges the average over `requestIdleTimeout`, so an upload may pause', () => {
  const { causes, send } = setUp();
  for (let i = 0; i < 10; i++) {
    send(1, 1_000);
    send(4, 0);
  }
  expect(causes).toEqual([]);
});

it('does not count the time in which the gateway reads nothing', () => {
  const { socket, causes, send } = setUp();
  socket.paused = true;
  send(60, 0);
  socket.paused = false;
  send(4, 1);
  socket.paused = true;
  send(4, 1);
  expect(causes).toEqual([]);
});

it('refuses no upload for its rate without a rate', () => {
  const { causes, send } = setUp({ receiveMinRate: 0 });
  send(60, 1);
  expect(causes).toEqual([]);
});
