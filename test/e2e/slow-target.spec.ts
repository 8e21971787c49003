import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { gateway, listen } from '../support/gateway.js';

const WORKERS = 4;
/** The slow target answers once the others have answered so many more: as 1.5 s do beside 5 ms. */
const BEHIND = 750;

/** @returns the share of the requests that one slow target of three got */
async function slowShare(balancer: string, requests: number): Promise<number> {
  const held: { readonly res: ServerResponse; readonly due: number }[] = [];
  let quick = 0;
  let slow = 0;
  let working = WORKERS;
  const release = () => {
    // All of them may wait here, with nobody to ask the others.
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
  let left = requests;
  const pool = new Pool(gw.url, { connections: WORKERS });
  onTestFinished(() => pool.destroy());
  const work = async () => {
    while (left-- > 0) {
      const { statusCode, body } = await pool.request({ method: 'GET', path: '/x' });
      await body.dump();
      expect(statusCode).toBe(200);
    }
    working--;
    release();
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return slow / requests;
}

it.each(['power-of-two', 'least-requests'])(
  '%s lets one slow target of three slow down fewer than one request of a hundred, from the start',
  { timeout: 60_000 },
  async (balancer) => {
    expect(await slowShare(balancer, 2 * BEHIND)).toBeLessThan(0.01);
  },
);

it('round-robin does not: a third goes there', { timeout: 60_000 }, async () => {
  expect(await slowShare('round-robin', 90)).toBeGreaterThan(0.3);
});
