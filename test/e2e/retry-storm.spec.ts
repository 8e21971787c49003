import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';

it('an upstream where everything fails gets a fifth more requests than there are clients, and no more', async () => {
  let received = 0;
  const gw = await gateway(`
upstreams:
  users:
    url: "\${USERS_URL}"
    retry: { attempts: 3, backoff: { base: 1ms, max: 1ms } }
    breaker: { mode: shadow }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withUpstream('users', (_req, res) => {
      received++;
      res.writeHead(503).end();
    })
    .start();
  const requests = 300;
  let left = requests;
  const work = async () => {
    while (left-- > 0) expect((await gw.fetch('/x')).status).toBe(503);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  expect(received).toBeGreaterThan(requests);
  expect(received).toBeLessThanOrEqual(1.2 * requests);
});
