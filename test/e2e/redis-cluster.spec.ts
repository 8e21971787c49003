import { expect, it } from 'vitest';
import { RedisServer, describeWithRedis } from '../support/redis.js';
import { expectShared } from '../support/replicas.js';
import { until } from '../support/until.js';

/** A Redis Cluster of three masters without replicas. */
async function redisCluster(): Promise<readonly RedisServer[]> {
  const options = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'];
  const nodes = await Promise.all([1, 2, 3].map(() => RedisServer.start(...options)));
  const clients = nodes.map((node) => node.client());
  await Promise.all(
    clients.map(async (client, index) => {
      const slots = Array.from({ length: 16_384 }, (_, slot) => slot).filter((slot) => slot % 3 === index);
      await client.cluster('ADDSLOTS', slots);
      await client.cluster('SET-CONFIG-EPOCH', index + 1);
    }),
  );
  for (const { port } of nodes) await clients[0]?.cluster('MEET', '127.0.0.1', port);
  await until('the cluster is one', async () => {
    const infos = await Promise.all(clients.map((client) => client.cluster('INFO')));
    return infos.every((info) => /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info));
  });
  return nodes;
}

describeWithRedis('a Redis Cluster', () => {
  it('is shared by gateways that know one node, and used again after an outage', async () => {
    const nodes = await redisCluster();
    await expectShared(`{ cluster: ["${nodes[0]?.url}"], commandTimeout: 5s, connectTimeout: 5s }`);
    const live = 'breakwater:{replicas}:live';
    const replicas: number[] = [];
    for (const node of nodes) {
      const keys = await node.client().keys('*');
      if (keys.includes(live)) replicas.push(await node.client().zcard(live));
      expect(keys.length).toBeGreaterThan(0);
      expect(keys.filter((key) => !/^breakwater:(?:c:|g:|purges$|\{replicas\}:)/.test(key))).toEqual([]);
      await node.client().flushall();
    }
    expect(replicas).toEqual([2]);

    const urls = nodes.map(({ url }) => `"${url}"`).join();
    const [a] = await expectShared(`{ cluster: [${urls}], connectTimeout: 5s, commandTimeout: 2s }`);
    for (const node of nodes) node.signal('SIGSTOP');
    for (let i = 0; i < 2; i++) expect((await a.get(`/away/${i}`)).status).toBe(200);
    for (const node of nodes) node.signal('SIGCONT');
    await until('the cluster is used again', async () => {
      return (await a.gw.metric('breakwater_cache_backend_up')) === 1;
    });
  });
});
