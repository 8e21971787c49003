import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { until } from './until.js';

const STARTED = 'http.server.request.start';

/**
 * Counts the requests that reach a server of this process.
 *
 * @returns a function that waits until this many arrived and their synchronous handling is done
 */
export function arrivals(url: string): (count: number) => Promise<void> {
  const port = Number(new URL(url).port);
  let seen = 0;
  const listener = (message: unknown) => {
    // Node publishes messages of this form.
    const { request } = message as { request: IncomingMessage };
    if (request.socket.localPort === port) seen++;
  };
  subscribe(STARTED, listener);
  onTestFinished(() => void unsubscribe(STARTED, listener));
  return async (count) => {
    await until(`${count} requests are here`, () => seen >= count);
    for (let i = 0; i < 20; i++) await turn();
  };
}
