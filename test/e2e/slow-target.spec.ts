import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { gateway, listen } from '../support/gateway.js';

const WORKERS = 6;

/**
 * @param requests how many are made in all
 * @param behind how many more requests the other targets answer before the slow one does
 * @returns the share of the requests that one slow target of three got
 */
async function slowShare(balancer: string, requests: number, behind: number): Promise<number> {
  const held: { readonly res: ServerResponse; readonly due: number }[] = [];
  let quick = 0;
  let slow = 0;
  let working = WORKERS;
  const release = () => {
    // At least one worker has to be free to ask the other targets.
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
    held.push({ res, due: quick + behind });
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
  const clients = new Pool(gw.url, { connections: WORKERS });
  onTestFinished(() => clients.close());
  let left = requests;
  const work = async () => {
    while (left-- > 0) {
      const { statusCode, body } = await clients.request({ method: 'GET', path: '/x' });
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
  '%s sends less than a hundredth of the requests to one slow target of three',
  { timeout: 60_000 },
  async (balancer) => {
    expect(await slowShare(balancer, 1_500, 600)).toBeLessThan(0.01);
  },
);

it('round-robin sends a third of the requests to the slow target', { timeout: 60_000 }, async () => {
  expect(await slowShare('round-robin', 300, 100)).toBeGreaterThan(0.3);
});
