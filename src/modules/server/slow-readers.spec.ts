import { EventEmitter } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OpenResponses } from './open-responses.js';
import { endSlowReaders } from './slow-readers.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function connection(responses: OpenResponses) {
  const given = vi.fn<(timeout: number) => void>();
  const socket = Object.assign(new EventEmitter(), {
    writable: true,
    writableLength: 1,
    timeout: 60_000,
    setTimeout: given,
  });
  const res = Object.assign(new EventEmitter(), { req: { socket } });
  // What of them is looked at.
  responses.add(res as unknown as ServerResponse);
  return { given, end: () => res.emit('close') };
}

it('sets a timeout on a response that its client does not read, and leaves the timeout of a WebSocket alone', () => {
  const server = new EventEmitter();
  const responses = new OpenResponses(() => undefined);
  endSlowReaders(server as Server, responses, 5_000);
  const answer = connection(responses);
  const tunnel = connection(responses);
  tunnel.end();
  vi.advanceTimersByTime(1_000);
  expect([answer.given.mock.calls, tunnel.given.mock.calls]).toEqual([[[5_000]], []]);
  server.emit('close');
});
