import { beforeAll, expect, it } from 'vitest';
import {
  AWAY,
  type BreakerReplicas,
  breakerReplicas,
  OK,
  type Replica,
  type Service,
} from '../support/breaker-replicas.js';
import { keepUntilEnd } from '../support/process.js';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

/** Three gateway processes on one Redis, with an upstream of its own for each test. */
describeWithRedis('three replicas', { timeout: 60_000 }, () => {
  const keepUntil = keepUntilEnd();
  let started: BreakerReplicas;
  beforeAll(async () => {
    const redis = await RedisServer.startUntil(keepUntil);
    const ids = ['two', 'one', 'agree', 'trial', 'again'];
    started = await breakerReplicas(redis, ids, { keepUntil });
  }, 90_000);

  const serviceOf = (id: string): Service => started.services[id]!;

  interface Bound {
    readonly trip: () => Promise<void>;
    readonly ask: () => Promise<string>;
    readonly state: () => Promise<number>;
    readonly reasons: () => string[];
    readonly openedAt: (reason: string) => Promise<number>;
    readonly replica: Replica;
  }

  function replicasFor(id: string): { readonly a: Bound; readonly b: Bound; readonly c: Bound } {
    const bind = (replica: Replica): Bound => ({
      trip: () => replica.trip(id),
      ask: () => replica.ask(id),
      state: () => replica.state(id),
      reasons: () => replica.reasons(id),
      openedAt: async (reason) => {
        const line = await replica.gateway.process.json(
          (each) => each['upstream'] === id && each['to'] === 'open' && each['reason'] === reason,
        );
        return Date.parse(String(line['time']));
      },
      replica,
    });
    const { a, b, c } = started.replicas;
    return { a: bind(a), b: bind(b), c: bind(c) };
  }

  it('open together within a second once two of them see an outage', async () => {
    const { a, b, c } = replicasFor('two');
    serviceOf('two').failing.add('a').add('b');
    await a.trip();
    expect(await c.ask()).toBe(OK);
    await b.trip();
    const second = await b.openedAt('consecutive-failures');
    expect((await c.openedAt('replicas')) - second).toBeLessThan(1_000);
    const calls = serviceOf('two').calls.length;
    expect(await c.ask()).toBe(AWAY);
    expect(serviceOf('two').calls).toHaveLength(calls);
  });

  it('stay closed when one of them alone sees an outage', async () => {
    const { a, b, c } = replicasFor('one');
    const service = serviceOf('one');
    service.failing.add('a');
    const loads = [a, b, c].map(({ replica }) => replica.load('one'));
    // Time enough for the others to hear of it several times.
    const trials = () => a.replica.openings('one').filter((each) => each === 'trial-failed').length;
    await until('it tries again and again', () => trials() >= 2);
    expect([b.reasons(), c.reasons()]).toEqual([[], []]);
    expect([await b.ask(), await c.ask()]).toEqual([OK, OK]);
    service.failing.delete('a');
    await until('it closes', () => a.reasons().at(-1) === 'closed: trial-passed');
    for (const load of loads) await load.stop();
  });

  it('open when another one does and their own calls fail too', async () => {
    const { a, b, c } = replicasFor('agree');
    const service = serviceOf('agree');
    service.failing.add('a');
    await a.trip();
    // Not enough failures, and not in a row.
    for (const fails of [true, false, true, false, true]) {
      if (fails) service.failing.add('b');
      else service.failing.delete('b');
      await b.ask();
    }
    await b.openedAt('replicas');
    expect(c.reasons()).toEqual([]);
  });

  it('try the upstream one at a time, and close together', async () => {
    const { a, b, c } = replicasFor('trial');
    const service = serviceOf('trial');
    service.failing.add('a').add('b');
    await Promise.all([a.trip(), b.trip()]);
    await c.openedAt('replicas');
    service.holds = true;
    const loads = [a, b, c].map(({ replica }) => replica.load('trial'));
    const halfOpen = async () =>
      (await Promise.all([a.state(), b.state(), c.state()])).every((each) => each === 1);
    await until('all are half-open', halfOpen);
    await until('one of them tries', () => service.held.length > 0);
    const tallies = loads.map((load) => load.fromNow());
    await until('many calls were rejected', () => tallies.every(({ total }) => total > 30));
    expect(service.held).toHaveLength(1);
    expect(new Set(tallies.flatMap(({ answers }) => answers))).toEqual(new Set([AWAY]));

    service.failing.clear();
    const { from } = service.held[0]!;
    service.release(200);
    for (const [name, each] of Object.entries({ a, b, c })) {
      const closed = `closed: ${name === from ? 'trial-passed' : 'replicas'}`;
      await until(closed, () => each.reasons().at(-1) === closed, 2_000);
    }
    for (const load of loads) await load.stop();
  });

  it('open again together when the trial of one fails', async () => {
    const { a, b, c } = replicasFor('again');
    const service = serviceOf('again');
    service.failing.add('a').add('b');
    await Promise.all([a.trip(), b.trip()]);
    await c.openedAt('replicas');
    service.holds = true;
    const loads = [a, b, c].map(({ replica }) => replica.load('again'));
    const halfOpen = async () =>
      (await Promise.all([a.state(), b.state(), c.state()])).every((each) => each === 1);
    await until('all are half-open', async () => service.held.length > 0 && (await halfOpen()));
    const { from } = service.held[0]!;
    service.release(500);
    for (const [name, each] of Object.entries({ a, b, c })) {
      const openings = () => each.replica.openings('again');
      await until('it opens', () => openings().length > 1, 2_000);
      expect(openings()[1]).toBe(name === from ? 'trial-failed' : 'replicas');
    }
    service.failing.clear();
    for (const each of [a, b, c]) await until('it closes', async () => (await each.state()) === 0);
    for (const load of loads) await load.stop();
  });
});
