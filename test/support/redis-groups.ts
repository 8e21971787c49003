import { until } from './until.js';
import { RedisServer } from './redis.js';

/** A Redis Cluster of three masters without replicas. */
export async function redisCluster(): Promise<readonly RedisServer[]> {
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
