import { describe, expect, it } from 'vitest';
import { issueToken } from '../../src/modules/auth/issue-token.js';
import { OrderSummaryModule } from '../../src/modules/examples/order-summary/order-summary.module.js';
import { configOf, gateway, type RunningGateway } from '../support/gateway.js';

const YAML = `
auth: { dev: { secret: 0123456789abcdef0123456789abcdef, algorithms: [HS256] } }
upstreams:
  users: { url: "\${USERS_URL}" }
  orders: { url: "\${ORDERS_URL}", timeout: 200ms }
routes:
  - { id: all, match: { path: /** }, upstream: users }
`;

function token(): string {
  const { auth } = configOf(YAML, { USERS_URL: 'http://localhost', ORDERS_URL: 'http://localhost' });
  const result = issueToken(auth, { sub: 'alice', expires: '1h' });
  if (!result.ok) throw new TypeError(result.problem);
  return result.token;
}

function start(
  orders: (url: string | undefined) => { status: number; body: unknown } | 'hang',
): Promise<RunningGateway> {
  return gateway(YAML)
    .withUpstream('users', (req, res) => void res.end(JSON.stringify({ from: 'users', url: req.url })))
    .withUpstream('orders', (req, res) => {
      const answer = orders(req.url);
      if (answer !== 'hang') res.writeHead(answer.status).end(JSON.stringify(answer.body));
    })
    .withModule(OrderSummaryModule)
    .start();
}

const authorization = { authorization: `Bearer ${token()}` };

describe("a user's controller that calls upstreams", () => {
  it('answers before the configured routes, from both upstreams', async () => {
    const gw = await start((url) => ({ status: 200, body: [url] }));
    const response = await gw.fetch('/order-summary/al%20ice', { headers: authorization });
    expect(await response.json()).toEqual({
      user: { from: 'users', url: '/users/al%20ice' },
      orders: ['/orders?user=al%20ice'],
    });
    const other = await gw.fetch('/elsewhere', { headers: authorization });
    expect(await other.json()).toEqual({ from: 'users', url: '/elsewhere' });
  });

  it.each(['/Order-Summary/alice', '/order-summary/alice/'])(
    'does not match %s, which goes to the configured routes',
    async (path) => {
      const gw = await start(() => ({ status: 200, body: [] }));
      const response = await gw.fetch(path, { headers: authorization });
      expect(await response.json()).toEqual({ from: 'users', url: path });
    },
  );

  it('requires a token', async () => {
    const gw = await start(() => ({ status: 200, body: [] }));
    const response = await gw.fetch('/order-summary/alice');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'token_missing' });
  });

  it('can handle a failed upstream call, which is counted', async () => {
    const gw = await start(() => 'hang');
    const response = await gw.fetch('/order-summary/alice', { headers: authorization });
    expect(await response.json()).toMatchObject({ orders: null });
    expect(await gw.metric('breakwater_upstream_requests_total{upstream="orders",outcome="deadline"}')).toBe(
      1,
    );
  });

  it('keeps the body of its own HttpExceptions', async () => {
    const gw = await start(() => ({ status: 404, body: { error: 'no such user' } }));
    const response = await gw.fetch('/order-summary/alice', { headers: authorization });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: 'no such user' });
  });
});
