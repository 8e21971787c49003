import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { gateway } from '../support/gateway.js';

const REQUESTS = 300;
const CLIENTS = 8;

/**
 * Sends requests to an upstream that answers each of them with 503.
 *
 * @returns the number of upstream requests, and the responses to clients
 */
async function storm(breaker: string) {
  let received = 0;
  const gw = await gateway(`
upstreams:
  users:
    url: "\${USERS_URL}"
    retry: { attempts: 3, backoff: { base: 1ms, max: 1ms } }
    breaker: { ${breaker} }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withUpstream('users', (_req, res) => {
      received++;
      res.writeHead(503).end();
    })
    .start();
  const pool = new Pool(gw.url, { connections: CLIENTS });
  onTestFinished(() => pool.destroy());
  const answers: { status: number; text: string; retryAfter: unknown }[] = [];
  const work = async () => {
    while (answers.length < REQUESTS) {
      const { statusCode, headers, body } = await pool.request({ method: 'GET', path: '/x' });
      answers.push({ status: statusCode, text: await body.text(), retryAfter: headers['retry-after'] });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  return { gw, answers, received };
}

it('the retry budget limits requests to a failing upstream to a fifth above the number of clients', async () => {
  const { answers, received } = await storm('mode: shadow');
  expect(answers.every(({ status }) => status === 503)).toBe(true);
  expect(received).toBeGreaterThan(answers.length);
  expect(received).toBeLessThanOrEqual(1.2 * answers.length);
});

it('a failing upstream opens its breaker, and clients get a Retry-After', async () => {
  const { gw, answers, received } = await storm('openFor: 10m, maxOpenFor: 10m');
  expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(2);
  const own = answers.filter(({ text }) => text.includes('"code":"breaker_open"'));
  // Five failures in a row, and the calls in flight with them.
  expect(own.length).toBeGreaterThanOrEqual(answers.length - 5 - CLIENTS);
  expect(received).toBeLessThanOrEqual((5 + CLIENTS) * 4);
  expect(own.every(({ status, retryAfter }) => status === 503 && Number(retryAfter) > 300)).toBe(true);
});
