import { Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { systemClock } from '../../common/clock.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import type { CacheHit } from '../routing/cache-decision.js';
import { Exchange, type ExchangeHead } from '../routing/exchange.js';
import { compileRoute } from '../routing/route.model.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import { UpstreamProxy } from '../upstream/upstream-proxy.js';
import type { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import type { WebSockets } from '../websocket/websocket.service.js';
import { FallbackChain } from './fallback-chain.js';
import { Forwarder } from './forwarder.service.js';
import type { Mirror } from './mirror.service.js';
import type { ReplyWriter } from './reply-writer.js';
import { ConfigStore } from '../config/config.store.js';
import { Plugins } from '../plugins/plugins.service.js';
import { RuntimeFaults } from './runtime-faults.js';

const CONFIG = configOf(`
upstreams:
  users: { url: http://users, fallback: { upstream: readonly, response: { status: 200, body: fixed } } }
  readonly: { url: http://readonly }
routes: [{ id: users, match: { path: /** }, upstream: users }]`);
const OK = { status: 200, headers: {}, socket: undefined } as UpstreamResponse;
const STALE = { kind: 'hit' } as CacheHit;

// A fault of its own is logged, which is not what is tested here.
Logger.overrideLogger(false);

type Answer = UpstreamResponse | Outcome | Error;

/** What each upstream answers, and what the forwarder writes for it. */
async function forward(answers: Record<string, Answer>, { stale = false, method = 'GET' } = {}) {
  const written: string[] = [];
  const upstream = (id: string) => {
    const proxy = new UpstreamProxy(id, CONFIG.upstreams[id]!, systemClock);
    proxy.send = async () => {
      const answer = answers[id] ?? OK;
      written.push(`call ${id}`);
      if (answer instanceof Error) throw answer;
      if (typeof answer === 'string') throw new UpstreamError(id, answer);
      return answer;
    };
    return proxy;
  };
  const proxies = new Map(Object.keys(CONFIG.upstreams).map((id) => [id, upstream(id)]));
  const upstreams = { modelIn: (_: unknown, id: string) => proxies.get(id)! } as unknown as UpstreamRegistry;
  const route = compileRoute(CONFIG.routes[0]!);
  const req = { method, headers: {}, rawHeaders: [] as string[], socket: {} } as unknown as Request;
  const head = {
    id: 'r1',
    peer: '127.0.0.1',
    authority: 'gw.test',
    path: '/1',
    query: '',
    match: { kind: 'route', route },
  } as ExchangeHead;
  const exchange = new Exchange(req, {} as Response, head, 0);
  if (stale) exchange.cache = { kind: 'forward', stale: () => STALE } as unknown as Exchange['cache'];
  let done = (): void => undefined;
  const finished = new Promise<void>((resolve) => (done = resolve));
  const write = (what: string) => {
    written.push(what);
    done();
  };
  exchange.gone.addEventListener('abort', () => written.push('abandoned'));
  const reply = {
    upstream: () => write('upstream'),
    stored: () => write('stale'),
    fallback: () => write('fixed'),
    problem: (_res, _exchange, { code, status }) => write(`${status} ${code}`),
  } as Partial<ReplyWriter> as ReplyWriter;
  const webSockets = {
    upgradeRequest: () => undefined,
    open: () => write('tunnel'),
  } as Partial<WebSockets> as WebSockets;
  const fallbacks = new FallbackChain(upstreams, new Plugins(new ConfigStore(CONFIG), [], systemClock));
  const faults = new RuntimeFaults();
  new Forwarder(upstreams, reply, {} as Mirror, fallbacks, webSockets, faults).forward(exchange, route);
  // A client that has left is answered by nobody.
  await Promise.race([finished, new Promise((resolve) => setImmediate(resolve))]);
  return { written, outcome: exchange.outcome, fallback: exchange.fallback };
}

describe('Forwarder', () => {
  it('answers with the response of the upstream', async () => {
    expect(await forward({})).toMatchObject({ written: ['call users', 'upstream'], outcome: undefined });
  });

  it('opens a tunnel for a response with a socket', async () => {
    const { written } = await forward({ users: { ...OK, socket: {} } as UpstreamResponse });
    expect(written).toEqual(['call users', 'tunnel']);
  });

  it('prefers a stale answer to the fallback upstream', async () => {
    expect(await forward({ users: 'reset' }, { stale: true })).toMatchObject({
      written: ['call users', 'stale'],
      outcome: 'reset',
    });
  });

  it('prefers the fallback upstream to the fallback response', async () => {
    expect(await forward({ users: 'reset' })).toEqual({
      written: ['call users', 'call readonly', 'upstream'],
      outcome: 'reset',
      fallback: 'upstream',
    });
  });

  it('answers with the fallback response when the fallback upstream fails too', async () => {
    expect(await forward({ users: 'reset', readonly: 'deadline' })).toMatchObject({
      written: ['call users', 'call readonly', 'fixed'],
      outcome: 'reset',
    });
  });

  it('sends no POST to the fallback upstream that the first may have received', async () => {
    const { written } = await forward({ users: 'reset' }, { method: 'POST' });
    expect(written).toEqual(['call users', 'fixed']);
    const { written: neverSent } = await forward({ users: 'connect_failed' }, { method: 'POST' });
    expect(neverSent).toEqual(['call users', 'call readonly', 'upstream']);
  });

  it('answers a full bulkhead with a stale answer or a problem, and with no fallback', async () => {
    expect((await forward({ users: 'bulkhead_full' }, { stale: true })).written).toEqual([
      'call users',
      'stale',
    ]);
    expect((await forward({ users: 'bulkhead_full' })).written).toEqual(['call users', '503 bulkhead_full']);
  });

  it.each<[asked: string, answers: Record<string, Answer>]>([
    ['users', { users: 'client_gone' }],
    ['readonly', { users: 'reset', readonly: 'client_gone' }],
  ])('answers no client that has left while %s was asked', async (asked, answers) => {
    const { written, outcome } = await forward(answers);
    expect([written.at(-1), outcome]).toEqual([`call ${asked}`, 'client_gone']);
  });

  it('answers a fault of its own with 500, and gives up the call', async () => {
    expect(await forward({ users: new TypeError('fault') })).toMatchObject({
      written: ['call users', '500 internal_error', 'abandoned'],
      outcome: 'gateway_error',
    });
    expect((await forward({ users: new ProblemError('fault_injected') })).written.at(-1)).toMatch(
      /fault_injected/,
    );
  });
});
