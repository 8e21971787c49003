import { expect, it } from 'vitest';
import { AWAY, breakerReplicas } from '../support/breaker-replicas.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

describeWithRedis('three replicas, two of them with workers', () => {
  it('count as three, open together, and try the upstream one at a time', { timeout: 120_000 }, async () => {
    const redis = await RedisServer.start();
    const { all, replicas, services } = await breakerReplicas(redis, ['users'], { workers: 2 });
    const { a, b, c } = replicas;
    const users = services['users']!;
    const loads = all.map((replica) => replica.load('users', 6));
    const states = () => Promise.all(all.map((each) => each.state('users')));
    users.failing.add('a').add('b');
    await until('the third follows', () => c.openings('users').includes('replicas'));
    expect([a, b].filter((each) => each.openings('users').length > 0)).toHaveLength(2);

    // Every worker rejects calls while one of all processes tries.
    users.holds = true;
    await until('one of them tries', () => users.held.length > 0);
    await until('all are half-open', async () => (await states()).every((state) => state === 1));
    const tallies = loads.map((load) => load.fromNow());
    await until('many calls were rejected', () => tallies.every(({ total }) => total > 60));
    // Two workers of one replica can begin within the same milliseconds.
    expect(new Set(users.held.map(({ from }) => from)).size).toBe(1);
    expect([...new Set(tallies.flatMap(({ answers }) => answers))]).toEqual([AWAY]);

    users.failing.clear();
    users.release(200);
    await until('all are closed', async () => (await states()).every((state) => state === 0));
    for (const load of loads) await load.stop();
  });
});
