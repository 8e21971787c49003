import { expect, it } from 'vitest';
import { AWAY, breakerReplicas, everyoneShares, OK, type Replica } from '../support/breaker-replicas.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

/** Starts three gateway processes, with clients of a service that works. */
async function start(...ids: string[]) {
  const redis = await RedisServer.start();
  const started = await breakerReplicas(redis, ['calm', ...ids], { timeout: '3s', commandTimeout: '200ms' });
  const loads = started.all.map((replica) => replica.load('calm'));
  const tallies = loads.map((load) => load.fromNow());
  const answers = () => [...new Set(tallies.flatMap((tally) => tally.answers))];
  const everyoneIsAlone = async () => {
    for (const each of started.all) await until('it is noticed', async () => (await each.live()) === 0);
  };
  const everyoneAnswers = async () => {
    const before = tallies.map(({ total }) => total);
    await until('calls are answered', () => tallies.every(({ total }, i) => total > (before[i] ?? 0) + 50));
  };
  return { redis, ...started, ...started.replicas, answers, everyoneIsAlone, everyoneAnswers };
}

/** Two of three see an outage, and the third follows. */
async function expectSharing({ a, b, c, services }: Awaited<ReturnType<typeof start>>, upstream: string) {
  services[upstream]!.failing.add('a').add('b');
  await Promise.all([a.trip(upstream), b.trip(upstream)]);
  await until('the third follows', () => c.openings(upstream).includes('replicas'), 2_000);
  expect(await c.ask(upstream)).toBe(AWAY);
}

describeWithRedis('three replicas whose Redis', { timeout: 120_000 }, () => {
  it('is killed decide by themselves, and share again once it is back', async () => {
    const test = await start('during', 'after');
    const { redis, a, b, c, services, all, answers, everyoneIsAlone, everyoneAnswers } = test;
    await redis.kill();
    await everyoneIsAlone();
    services['during']!.failing.add('a').add('b');
    await Promise.all([a.trip('during'), b.trip('during')]);
    await until('each tries by itself', () =>
      [a, b].every(
        (each) => each.reasons('during').includes('open: trial-failed') || void each.ask('during'),
      ),
    );
    expect([await c.ask('during'), c.reasons('during')]).toEqual([OK, []]);
    await everyoneAnswers();
    await redis.startAgain();
    await everyoneShares(all);
    await expectSharing(test, 'after');
    expect(answers()).toEqual([OK]);
  });

  it('freezes run their own trials at once, and share again once it goes on', async () => {
    const test = await start('before', 'after');
    const { redis, all, services, answers, everyoneIsAlone, everyoneAnswers } = test;
    await expectSharing(test, 'before');
    redis.signal('SIGSTOP');
    services['before']!.failing.clear();
    const closesAlone = async (each: Replica) => {
      await until('it closes by a trial of its own', async () => {
        await each.ask('before');
        return each.reasons('before').at(-1) === 'closed: trial-passed';
      });
      const times = each.transitions('before').map(({ time }) => Date.parse(String(time)));
      // It waited for Redis once, for no longer than the timeout of a command.
      expect(times.at(-1)! - times.at(-2)!).toBeLessThan(1_500);
    };
    await Promise.all(all.map(closesAlone));
    await everyoneIsAlone();
    await everyoneAnswers();
    redis.signal('SIGCONT');
    await everyoneShares(all);
    await expectSharing(test, 'after');
    expect(answers()).toEqual([OK]);
  });

  it('keeps running lose the replica that runs the trial, and another one runs the next', async () => {
    const test = await start('users');
    const { all, services } = test;
    await expectSharing(test, 'users');
    const users = services['users']!;
    users.holds = true;
    const loads = all.map((replica) => replica.load('users'));
    await until('one of them tries', () => users.held.length > 0);
    const [first] = users.held;
    const killed = all.find(({ name }) => name === first!.from)!;
    killed.gateway.process.kill('SIGKILL');
    await killed.gateway.process.exited;
    const others = all.filter((each) => each !== killed);
    await until('another one tries', () => users.held.some(({ from }) => from !== killed.name));
    users.failing.clear();
    users.release(200);
    for (const each of others) {
      await until('it is closed', async () => (await each.state('users')) === 0);
      await until('the dead one is not counted', async () => (await each.live()) === 2);
    }
    for (const load of loads) await load.stop();
  });
});
