import { expect, it } from 'vitest';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

function builder(redis: RedisServer) {
  return gateway(`
redis: { url: "${redis.url}", connectTimeout: 10s, commandTimeout: 5s }
upstreams: { api: { url: "\${API_URL}", retry: { attempts: 0 } } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`).withUpstream('api', (_req, res) =>
    res.end('answer'),
  );
}

async function act(gw: RunningGateway, action: string, body: object) {
  const answer = await gw.management(`/admin/breakers/api/${action}`, {
    method: 'POST',
    body: JSON.stringify({ reason: 'migration', ...body }),
  });
  return (await answer.json()) as { shared?: boolean };
}

const status = async (gw: RunningGateway) => (await gw.fetch('/x')).status;
const isOpen = (gw: RunningGateway) => until('it is open', async () => (await status(gw)) === 503);
const isClosed = (gw: RunningGateway) => until('it is closed', async () => (await status(gw)) === 200);

describeWithRedis('an action of an operator on a breaker', () => {
  it('applies to every replica, and is in the audit list of each', async () => {
    const replicas = builder(await RedisServer.start());
    const [a, b] = [await replicas.start(), await replicas.start()];
    expect(await act(a, 'isolate', {})).toMatchObject({ shared: true });
    expect(await status(a)).toBe(503);
    await isOpen(b);
    const audit = await (await b.management('/admin/audit')).json();
    expect(audit).toMatchObject({
      entries: [{ action: 'breaker.isolate', subject: 'api', reason: 'migration', isRemote: true }],
    });
    await act(b, 'close', {});
    await isClosed(a);
    expect(await status(b)).toBe(200);
  });

  it('applies to a replica that starts later, unless it has ended', async () => {
    const replicas = builder(await RedisServer.start());
    const a = await replicas.start();
    await act(a, 'isolate', { for: '1h' });
    const b = await replicas.start();
    await isOpen(b);
    await act(a, 'reset', {});
    await isClosed(b);
    await isClosed(a);
    const c = await replicas.start();
    expect(await status(c)).toBe(200);
  });

  it('applies only to this replica while Redis is down, and the response says so', async () => {
    const redis = await RedisServer.start();
    const replicas = builder(redis);
    const [a, b] = [await replicas.start(), await replicas.start()];
    await redis.kill();
    await until('Redis is away', async () => (await a.metric('breakwater_cache_backend_up')) === 0);
    expect(await act(a, 'isolate', {})).toMatchObject({ shared: false });
    expect([await status(a), await status(b)]).toEqual([503, 200]);
    await redis.startAgain();
    await until('Redis is back', async () => (await a.metric('breakwater_cache_backend_up')) === 1);
    expect([await status(a), await status(b)]).toEqual([503, 200]);
    expect(await act(a, 'isolate', {})).toMatchObject({ shared: true });
    await isOpen(b);
  });

  it('is reset at a replica that missed the message', async () => {
    const redis = await RedisServer.start();
    const a = await builder(redis).start();
    expect(await act(a, 'isolate', {})).toMatchObject({ shared: true });
    const client = redis.client();
    // As another replica does whose message got lost.
    await client.del('breakwater:{replicas}:manual');
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await isClosed(a);
  });
});
