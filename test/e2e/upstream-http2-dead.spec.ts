import { createSecureServer } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.js';
import { gateway, listen } from '../support/gateway.js';
import { relay } from '../support/relay.js';

const authority = Authority.create();
const pair = authority.issue('IP:127.0.0.1');

async function start(more: string) {
  const server = createSecureServer(pair, (req, res) => void (req.url !== '/never' && res.end('fine')));
  server.on('session', (session) => onTestFinished(() => session.destroy()));
  const between = relay(await listen(server));
  const url = await listen(between.server);
  const gw = await gateway(`
upstreams: { users: { url: "\${USERS_URL}", http2: true, tls: { ca: "\${CA}" }, ${more} } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withEnv({ USERS_URL: url.replace('http:', 'https:'), CA: authority.ca })
    .start();
  return { gw, between };
}

describe('an HTTP/2 connection from which nothing comes back any more', () => {
  it('costs what was under way, and is then left for another one', async () => {
    const { gw, between } = await start('timeout: 1s, retry: { attempts: 0 }');
    expect((await gw.fetch('/1')).status).toBe(200);
    between.cut();
    const late = await gw.fetch('/2');
    expect([late.status, await late.json()]).toMatchObject([504, { code: 'upstream_timeout' }]);
    // One of them may wait for the sign of life.
    const next = await Promise.all(['/3', '/4', '/5'].map((path) => gw.fetch(path)));
    expect(next.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
    expect((await gw.fetch('/6')).status).toBe(200);
    const reset = 'breakwater_upstream_requests_total{upstream="users",outcome="reset"}';
    expect(await gw.metric(reset)).toBe(0);
  });

  it('is told from one on which a single answer is late', async () => {
    const { gw, between } = await start('timeout: 1s, retry: { attempts: 0 }');
    await gw.fetch('/1');
    expect((await gw.fetch('/never')).status).toBe(504);
    expect((await gw.fetch('/2')).status).toBe(200);
    expect(between.connections).toBe(1);
  });
});
