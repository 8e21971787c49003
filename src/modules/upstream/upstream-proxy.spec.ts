import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { until } from '../../../test/support/until.js';
import { systemClock } from '../../common/clock.js';
import type { Address, Resolver } from './dns/resolver.js';
import type { UpstreamError } from './upstream.error.js';
import { UpstreamProxy } from './upstream-proxy.js';

const GET = { method: 'GET', path: '/' };

async function upstreamOf(yaml: string, handler: RequestListener) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const where = yaml.includes('$URL') ? yaml.replaceAll('$URL', url) : `url: "${url}", ${yaml}`;
  const { upstreams } = configOf(`upstreams: { users: { ${where} } }`);
  const proxy = new UpstreamProxy('users', upstreams['users']!, systemClock);
  onTestFinished(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });
  const outcome = (sent: Promise<unknown>) =>
    sent.then(
      () => 'answered',
      (error: UpstreamError) => error.outcome,
    );
  return { proxy, outcome };
}

const trip = (proxy: UpstreamProxy) => {
  for (let i = 0; i < 3; i++) proxy.breaker.reportProbe(false, 'ECONNREFUSED');
};
const recover = (proxy: UpstreamProxy) => {
  for (let i = 0; i < 3; i++) proxy.breaker.reportProbe(true, '200');
};

describe('while the breaker is open', () => {
  const YAML = 'health: { failures: 3, passes: 3 }, bulkhead: { concurrent: 1, queue: 5 }, timeout: 60s';

  it('rejects calls that wait for a place, and those that come later', async () => {
    const hanging: ServerResponse[] = [];
    const { proxy, outcome } = await upstreamOf(YAML, (_req, res) => hanging.push(res));
    const first = outcome(proxy.send(GET));
    await until('the only place is taken', () => hanging.length);
    const waiting = [outcome(proxy.send(GET)), outcome(proxy.send(GET))];
    await until('two wait', () => proxy.bulkhead.queued === 2);
    trip(proxy);
    expect(await Promise.all(waiting)).toEqual(['breaker_open', 'breaker_open']);
    expect(await outcome(proxy.send(GET))).toBe('breaker_open');
    expect([proxy.bulkhead.queued, proxy.bulkhead.inFlight]).toEqual([0, 1]);
    hanging[0]?.end();
    expect(await first).toBe('answered');
    expect(proxy.bulkhead.inFlight).toBe(0);
  });

  it('reads no body', async () => {
    const { proxy, outcome } = await upstreamOf(YAML, (_req, res) => res.end());
    let reads = 0;
    const body = new Readable({ read: () => void reads++ });
    trip(proxy);
    expect(await outcome(proxy.send({ method: 'PUT', path: '/', body, contentLength: 5 }))).toBe(
      'breaker_open',
    );
    expect(reads).toBe(0);
  });

  it('does not retry a failed call', async () => {
    let calls = 0;
    const { proxy, outcome } = await upstreamOf(
      'retry: { attempts: 5, budget: 100% }, health: { failures: 3 }',
      (req) => {
        calls++;
        trip(proxy);
        req.socket.resetAndDestroy();
      },
    );
    expect(await outcome(proxy.send(GET))).toBe('reset');
    expect(calls).toBe(1);
  });

  it('returns the response of the first try to a call that waits for its retry', async () => {
    let calls = 0;
    const { proxy } = await upstreamOf(
      'retry: { attempts: 1, budget: 100% }, health: { failures: 3 }',
      (_req, res) => {
        calls++;
        res.writeHead(503).end('busy');
      },
    );
    proxy.model.retrier.retried.on(() => trip(proxy));
    const response = await proxy.send(GET);
    expect([response.status, await response.text(), calls]).toEqual([503, 'busy', 1]);
  });

  it.each([
    ['reports the failed try, and sends no retry', '', 'reset', 1],
    ['sends retries in shadow mode', ', breaker: { mode: shadow }', 'reset', 2],
  ])('%s of a call that waits for it', async (_, more, expected, sent) => {
    let calls = 0;
    const { proxy, outcome } = await upstreamOf(
      `retry: { attempts: 1, budget: 100% }, health: { failures: 3 }${more}`,
      (req) => {
        calls++;
        req.socket.resetAndDestroy();
      },
    );
    proxy.model.retrier.retried.on(() => trip(proxy));
    expect([await outcome(proxy.send(GET)), calls]).toEqual([expected, sent]);
    expect([proxy.breaker.state, proxy.bulkhead.inFlight]).toEqual(['open', 0]);
  });

  it('rejects nothing in shadow mode, and does not ramp up after it would have closed', async () => {
    const { proxy, outcome } = await upstreamOf(
      'health: { failures: 3, passes: 3 }, bulkhead: { concurrent: 40 }, breaker: { mode: shadow }',
      (_req, res) => res.end(),
    );
    trip(proxy);
    expect(await outcome(proxy.send(GET))).toBe('answered');
    recover(proxy);
    expect([proxy.breaker.state, proxy.bulkhead.limit]).toEqual(['closed', 40]);
  });
});

it('rejects requests for streams that come at once beyond the places for them', async () => {
  const responses: ServerResponse[] = [];
  const { proxy, outcome } = await upstreamOf('bulkhead: { concurrent: 9, streams: 2 }', (_req, res) =>
    responses.push(res),
  );
  const sent = [1, 2, 3, 4].map(() => outcome(proxy.send({ ...GET, isStream: true })));
  expect(await Promise.all(sent.slice(2))).toEqual(['bulkhead_full', 'bulkhead_full']);
  await until('the others are with the upstream', () => responses.length === 2);
  for (const each of responses) each.flushHeaders();
  await Promise.all(sent);
  expect([proxy.bulkhead.inFlight, proxy.bulkhead.streams]).toEqual([0, 2]);
});

it('gathers bodies up to a bound for all calls together, and streams the others', async () => {
  const seen: string[] = [];
  const { proxy } = await upstreamOf(
    'bulkhead: { concurrent: 1, queue: 5 }, retry: { maxBodyBytes: 8B }, timeout: 60s',
    (req, res) => {
      seen.push(req.url ?? '');
      req.resume().once('end', () => res.end());
    },
  );
  const bodies = ['/gathered', '/streamed', '/later'].map((path) => {
    const body = new Readable({ read: () => undefined });
    body.push('1234');
    return { body, sent: proxy.send({ method: 'PUT', path, body, contentLength: 8 }) };
  });
  await until('one is with the upstream', () => seen.length);
  expect(seen).toEqual(['/streamed']);
  for (const { body } of bodies) {
    body.push('5678');
    body.push(null);
  }
  await Promise.all(bodies.map(async ({ sent }) => (await sent).text()));
  expect(seen.toSorted()).toEqual(['/gathered', '/later', '/streamed']);
});

describe('after the breaker has closed', () => {
  const close = async (queue: number) => {
    const { proxy } = await upstreamOf(
      `health: { failures: 3, passes: 3 }, bulkhead: { concurrent: 40, queue: ${queue} }`,
      (_req, res) => res.end(),
    );
    trip(proxy);
    recover(proxy);
    return [proxy.breaker.state, proxy.bulkhead.limit];
  };

  it('traffic ramps up', async () => {
    expect(await close(10)).toEqual(['closed', 2]);
  });

  it('traffic does not ramp up without a queue, which would reject calls', async () => {
    expect(await close(0)).toEqual(['closed', 40]);
  });
});

describe('the trial of a half-open breaker', () => {
  const YAML = 'breaker: { consecutiveFailures: 1, openFor: 1ms }, retry: { attempts: 0 }';

  /** The first call trips the breaker; then the upstream begins answers that do not end. */
  async function recovering(status: number, more = '') {
    const answers: ServerResponse[] = [];
    let isDown = true;
    const upstream = await upstreamOf(`${YAML}, ${more}`, (req, res) => {
      if (isDown) {
        req.socket.resetAndDestroy();
        return;
      }
      res.writeHead(status).write('begun');
      answers.push(res);
    });
    expect(await upstream.outcome(upstream.proxy.send(GET))).toBe('reset');
    isDown = false;
    await until('the open time is over', () => upstream.proxy.breaker.state === 'half-open');
    return { ...upstream, answers };
  }

  it('closes the breaker with its head, since its body may be an endless stream', async () => {
    const { proxy, outcome, answers } = await recovering(200);
    const sent = [1, 2, 3, 4].map(() => outcome(proxy.send(GET)));
    expect(await sent[0]).toBe('answered');
    expect(proxy.breaker.state).toBe('closed');
    expect(await outcome(proxy.send(GET))).toBe('answered');
    expect(answers.map((each) => each.writableEnded)).toEqual([false, false]);
  });

  it('opens the breaker again at its end, when its status is a failure', async () => {
    const { proxy, outcome, answers } = await recovering(503);
    const trial = await proxy.send(GET);
    expect([proxy.breaker.state, await outcome(proxy.send(GET))]).toEqual(['half-open', 'breaker_open']);
    const opened = new Promise<string>((resolve) => proxy.breaker.transition.on(({ to }) => resolve(to)));
    answers[0]?.end();
    expect([await trial.text(), await opened]).toEqual(['begun', 'open']);
  });

  it('is the only call: those that waited for a place are rejected and give it back', async () => {
    const { proxy, outcome, answers } = await recovering(200, 'bulkhead: { concurrent: 20, queue: 20 }');
    const places = Array.from({ length: 20 });
    const taken = await Promise.all(places.map(async () => proxy.bulkhead.enter(() => () => undefined)));
    const sent = places.map(() => outcome(proxy.send(GET)));
    expect(proxy.bulkhead.queued).toBe(20);
    for (const place of taken) place.leave();
    expect(await Promise.all(sent)).toEqual(['answered', ...Array(19).fill('breaker_open')]);
    expect([proxy.bulkhead.inFlight, proxy.bulkhead.streams]).toEqual([0, 1]);
    answers[0]?.end();
    await until('all places are free', () => proxy.bulkhead.streams === 0);
  });
});

describe('a good response whose client leaves', () => {
  /** Makes calls in turn: `fails` is reset, `opens` gets a head, and the clients of all that have one `leave`. */
  async function run(yaml: string, ...steps: Array<'fails' | 'opens' | 'leave'>) {
    const { proxy, outcome } = await upstreamOf(`retry: { attempts: 0 }, ${yaml}`, (req, res) => {
      if (req.url?.endsWith('/fails')) req.socket.resetAndDestroy();
      else res.writeHead(200).write('begun');
    });
    const client = new AbortController();
    for (const step of steps) {
      if (step === 'leave') client.abort();
      else if (step === 'fails') await outcome(proxy.send({ method: 'GET', path: '/fails' }));
      else await proxy.send({ ...GET, signal: client.signal });
    }
    return proxy;
  }

  const TWO = 'breaker: { consecutiveFailures: 2 }';

  it('ends a row of failures', async () => {
    expect((await run(TWO, 'fails', 'opens', 'leave', 'fails')).breaker.state).toBe('closed');
  });

  it('says nothing when a call has failed after it began', async () => {
    expect((await run(TWO, 'opens', 'fails', 'leave', 'fails')).breaker.state).toBe('open');
  });

  it('ends a row of failures of its target', async () => {
    const yaml = 'targets: [{ url: $URL }, { url: $URL/same }], outlier: { consecutiveFailures: 2 }';
    const alternating = ['fails', 'fails', 'opens', 'opens', 'leave', 'fails', 'fails'] as const;
    const { targets } = await run(`${yaml}, balancer: round-robin`, ...alternating);
    expect(targets.availableCount).toBe(2);
  });
});

it('counts a call as a failure when an ejected target failed after the only one that is available', async () => {
  const tried = new Set<string | undefined>();
  const { proxy, outcome } = await upstreamOf(
    `targets: [{ url: $URL/0 }, { url: $URL/1 }], outlier: { consecutiveFailures: 1, ejectFor: 1ms },
     breaker: { consecutiveFailures: 1 }, retry: { attempts: 1 }`,
    (req, res) => {
      const cut = () => res.socket?.resetAndDestroy();
      tried.add(req.url);
      if (tried.size > 1) {
        cut();
        return;
      }
      const other = proxy.targets.all[req.url === '/0/' ? 1 : 0]!;
      proxy.targets.recordTry(other, 'reset', systemClock.now());
      void until('a request may be its trial', () => systemClock.now() > other.trialFrom).then(cut);
    },
  );
  expect(await outcome(proxy.send(GET))).toBe('reset');
  expect([tried.size, proxy.breaker.state]).toEqual([2, 'open']);
});

const ADDRESS: Address = { address: '127.0.0.1', family: 4 };
const RESOLVER: Resolver = { resolve: () => Promise.resolve([ADDRESS]) };

/** One probe decides, so that a test may open and close the breaker without a call. */
function setUp(): UpstreamProxy {
  const { upstreams } = configOf(`
upstreams: { users: { url: http://users.test, health: { failures: 1, passes: 1 } } }`);
  return new UpstreamProxy('users', upstreams['users']!, systemClock, () => 0.5, RESOLVER);
}

const open = ({ breaker }: UpstreamProxy) => breaker.reportProbe(false, '503');
const close = ({ breaker }: UpstreamProxy) => breaker.reportProbe(true, '200');

describe('close', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each<[what: string, start: (users: UpstreamProxy) => void | Promise<void>]>([
    ['of an open breaker', open],
    [
      'of a ramp',
      (users) => {
        open(users);
        close(users);
      },
    ],
    [
      'that asks for addresses again',
      ({ targets }) =>
        new Promise((resolve) => targets.all[0]?.addresses?.lookup('users.test', {}, () => resolve())),
    ],
  ])('leaves no timer %s', async (_, start) => {
    const users = setUp();
    await start(users);
    expect(vi.getTimerCount()).toBe(1);
    await users.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
