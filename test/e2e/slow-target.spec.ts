import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';

const WORKERS = 6;
const REQUESTS = 1_500;
/** The slow target answers once the others have answered so many more. */
const BEHIND = 600;

/** @returns the share of the requests that one slow target of three got */
async function slowShare(balancer: string): Promise<number> {
  const held: { readonly res: ServerResponse; readonly due: number }[] = [];
  let quick = 0;
  let slow = 0;
  let working = WORKERS;
  const release = () => {
    // Somebody has to be left to ask the others.
    const most = working - 1;
    while (held[0] && (held[0].due <= quick || held.length > most)) held.shift()?.res.end();
  };
  const quickly: RequestListener = (_req, res) => {
    quick++;
    res.end();
    release();
  };
  const slowly: RequestListener = (_req, res) => {
    slow++;
    held.push({ res, due: quick + BEHIND });
    release();
  };
  const env: Record<string, string> = {};
  for (const [i, handler] of [slowly, quickly, quickly].entries())
    env[`T${i}`] = await listen(createServer(handler));
  const gw = await gateway(`
upstreams:
  users: { targets: [{ url: "\${T0}" }, { url: "\${T1}" }, { url: "\${T2}" }], balancer: ${balancer}, timeout: 30s }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withEnv(env)
    .start();
  let left = REQUESTS;
  const work = async () => {
    while (left-- > 0) expect((await gw.fetch('/x')).status).toBe(200);
    working--;
    release();
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return slow / REQUESTS;
}

it.each(['power-of-two', 'least-requests'])(
  '%s keeps the 99th percentile away from one slow target of three',
  { timeout: 60_000 },
  async (balancer) => {
    expect(await slowShare(balancer)).toBeLessThan(0.01);
  },
);

it('round-robin does not: a third goes there', { timeout: 60_000 }, async () => {
  expect(await slowShare('round-robin')).toBeGreaterThan(0.3);
});
