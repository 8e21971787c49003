import { EventEmitter } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OpenResponses } from './open-responses.js';
import { endSlowReaders } from './slow-readers.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIMITS = { sendTimeout: 5_000, sendMinRate: 100 };

function setUp(limits: Partial<typeof LIMITS> = {}) {
  const server = new EventEmitter();
  const responses = new OpenResponses(() => undefined);
  const time = { lost: 0 };
  const clock = { now: () => Date.now(), wall: () => Date.now(), lostMs: () => time.lost };
  endSlowReaders(server as Server, responses, () => ({ ...LIMITS, ...limits }), clock);
  const connection = () => {
    const given = vi.fn<(timeout: number) => void>();
    const socket = Object.assign(new EventEmitter(), {
      writable: true,
      writableLength: 64_000,
      bytesWritten: 1_000_000,
      timeout: 60_000,
      setTimeout: given,
      destroyed: false,
      destroy: () => (socket.destroyed = true),
    });
    const res = Object.assign(new EventEmitter(), { req: { socket } });
    // What of them is looked at.
    responses.add(res as unknown as ServerResponse);
    return { given, socket, end: () => res.emit('close') };
  };
  return { server, time, connection };
}

it('sets a timeout on a response that its client does not read, and leaves the timeout of a WebSocket alone', () => {
  const { server, connection } = setUp();
  const answer = connection();
  const tunnel = connection();
  tunnel.end();
  vi.advanceTimersByTime(1_000);
  expect([answer.given.mock.calls, tunnel.given.mock.calls]).toEqual([[[5_000]], []]);
  server.emit('close');
});

it('closes the connection of a client that reads less than the rate, once what was queued is used up', () => {
  const { server, connection } = setUp();
  const { socket } = connection();
  // 64,000 bytes are waiting, which is enough for 640 seconds.
  vi.advanceTimersByTime(640_000);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(2_000);
  expect(socket.destroyed).toBe(true);
  server.emit('close');
});

it.each([
  ['that has read fast before and no longer does', 10_000, 0, true],
  ['that reads just fast enough all the time', 110, 110, false],
])('judges a client %s by what it reads now', (_, before, now, isClosed) => {
  const { server, connection } = setUp();
  const { socket } = connection();
  socket.writableLength = 100;
  for (const rate of [before, now]) {
    for (let second = 0; second < 60; second++) {
      socket.bytesWritten += rate;
      vi.advanceTimersByTime(1_000);
    }
  }
  expect(socket.destroyed).toBe(isClosed);
  server.emit('close');
});

it('judges no client whose response waits for the upstream, and none without a rate', () => {
  const judged = setUp();
  const { socket } = judged.connection();
  socket.writableLength = 0;
  const unlimited = setUp({ sendMinRate: 0 });
  const other = unlimited.connection().socket;
  vi.advanceTimersByTime(10_000_000);
  expect([socket.destroyed, other.destroyed]).toEqual([false, false]);
  for (const { server } of [judged, unlimited]) server.emit('close');
});

it('does not count the time in which the process stood still', () => {
  const { server, time, connection } = setUp();
  const { socket } = connection();
  vi.advanceTimersByTime(600_000);
  time.lost = 100_000;
  vi.advanceTimersByTime(100_000);
  expect(socket.destroyed).toBe(false);
  server.emit('close');
});
