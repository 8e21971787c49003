import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runHelper } from './helper.js';

interface Measured {
  readonly sent: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly maxMs: number;
}

const stallMs = 400;

/** Loads a server with 100 requests in a second over one connection. */
async function load(answer: (nth: number, respond: (status: number) => void) => void): Promise<Measured> {
  let requests = 0;
  const server = createServer((_req, res) => answer(++requests, (status) => res.writeHead(status).end('ok')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const options = { url: `http://127.0.0.1:${port}/`, headers: {}, rate: 100, seconds: 1, connections: 1 };
  const run = runHelper('open-loop.mjs', options);
  await run.exited;
  expect(run.stderr).toBe('');
  return JSON.parse(run.lines.at(-1)!) as Measured;
}

describe('the open-loop generator', () => {
  it('charges a stall to every request that was due in the meantime', async () => {
    // The warm-up are five requests.
    const { sent, failed, p50Ms, p90Ms, maxMs } = await load((nth, respond) => {
      if (nth === 20) setTimeout(() => respond(200), stallMs);
      else respond(200);
    });
    expect([sent, failed]).toEqual([100, 0]);
    expect(maxMs).toBeGreaterThanOrEqual(stallMs - 1);
    // One request of a hundred was slow for the server; for its callers about forty were, and thirty by 100 ms or more.
    expect(p90Ms).toBeGreaterThan(stallMs / 4);
    expect(p50Ms).toBeLessThan(maxMs);
  });

  it('counts responses with another status than 200', async () => {
    const { sent, failed } = await load((nth, respond) => respond(nth > 5 && nth % 10 === 0 ? 500 : 200));
    expect([sent, failed]).toEqual([100, 10]);
  });
});
