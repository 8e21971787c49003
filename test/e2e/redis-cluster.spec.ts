import { expect, it } from 'vitest';
import { describeWithRedis } from '../support/redis.js';
import { redisCluster } from '../support/redis-groups.js';
import { expectShared } from '../support/shared.js';
import { until } from '../support/until.js';

describeWithRedis('a Redis Cluster', () => {
  it('is shared by gateways that know one node, and used again after an outage', async () => {
    const nodes = await redisCluster();
    await expectShared(`{ cluster: ["${nodes[0]?.url}"], commandTimeout: 5s, connectTimeout: 5s }`);
    for (const node of nodes) {
      const keys = await node.client().keys('*');
      expect(keys.length).toBeGreaterThan(0);
      expect(keys.filter((key) => !/^breakwater:(?:c:|g:|purges$)/.test(key))).toEqual([]);
      await node.client().flushall();
    }

    const urls = nodes.map(({ url }) => `"${url}"`).join();
    const [a] = await expectShared(`{ cluster: [${urls}], commandTimeout: 500ms }`);
    for (const node of nodes) node.signal('SIGSTOP');
    for (let i = 0; i < 2; i++) expect((await a.get(`/away/${i}`)).status).toBe(200);
    for (const node of nodes) node.signal('SIGCONT');
    await until('the cluster is used again', async () => {
      return (await a.gw.metric('breakwater_cache_backend_up')) === 1;
    });
  });
});
