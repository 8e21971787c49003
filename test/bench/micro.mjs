// `npm run bench -- --micro`: what single steps of the request path take, on one core, without a socket. Each figure is
// the median of several runs of a plain loop, after one to warm up.
import { setImmediate as nextTurn } from 'node:timers/promises';
import 'reflect-metadata';
import { upstreamRequestHeaders } from '../../dist/common/http/request-headers.js';
import { systemClock } from '../../dist/common/clock.js';
import { issueToken } from '../../dist/modules/auth/issue-token.js';
import { parseConfig } from '../../dist/modules/config/parse-config.js';
import { Bulkhead } from '../../dist/common/resilience/bulkhead.js';
import { RetryBudget } from '../../dist/common/resilience/retry-budget.js';
import { RouteTable } from '../../dist/modules/routing/route-table.js';
import { BALANCERS } from '../../dist/modules/upstream/balancing/balancers.js';
import { Breaker } from '../../dist/modules/upstream/breaker/breaker.js';
import { authSteps, guardsOwnShare, verifierOf } from './micro-auth.mjs';
import { median } from './report/statistics.mjs';
import { asText } from './report/tables.mjs';

const runs = 9;
const runMs = 200;
const batch = 512;
const routeCount = 10_000;

const config = parsed({
  auth: { bench: { secret: 's'.repeat(32), algorithms: ['HS256'] } },
  upstreams: { orders: { url: 'http://127.0.0.1:1' } },
  routes: [{ id: 'orders', match: { path: '/orders/**' }, upstream: 'orders' }],
});

/** The targets that were already tried; none for a first try. */
const nobody = [];

/** Consumes the result of a step, so that the compiler cannot remove the step. */
let sink;

const steps = {
  [`find one of ${routeCount.toLocaleString('en')} routes`]: findRoute(),
  'breaker: admit and settle': admitAndSettle(),
  'breaker + bulkhead + budget + pick': contain(() => false),
  '… of which every third call fails': contain((i) => i % 3 === 0),
  ...pickSteps('power-of-two'),
  ...pickSteps('consistent-hash'),
  'build the request head for the upstream': buildHead(),
  'verify a token seen before': verifyToken(),
  ...authSteps(parsed, expect),
};

const nanoseconds = {};
for (const [name, step] of Object.entries(steps)) nanoseconds[name] = await nanosecondsPer(step);
const rows = [...Object.entries(nanoseconds), guardsOwnShare(nanoseconds)];
console.log(asText({ header: ['', 'ns'], rows: rows.map(([name, ns]) => [name, ns.toFixed(0)]) }));
if (sink === undefined) throw new TypeError('The steps did nothing.');

/** @returns {Promise<number>} nanoseconds a call */
async function nanosecondsPer(step) {
  let batches = 1;
  while ((await timed(step, batches)) < runMs / 2) batches *= 2;
  const times = [];
  for (let run = 0; run < runs; run++) times.push(await timed(step, batches));
  return (median(times) * 1e6) / (batches * batch);
}

/**
 * The event loop turns between batches, so that what a call leaves behind in promises is done and counted.
 * @returns {Promise<number>} milliseconds
 */
async function timed(step, batches) {
  const startedAt = performance.now();
  for (let i = 0; i < batches; i++) {
    for (let j = 0; j < batch; j++) sink = step(i * batch + j);
    await nextTurn();
  }
  return performance.now() - startedAt;
}

function findRoute() {
  const routes = Array.from({ length: routeCount }, (_, i) => ({
    ...config.routes[0],
    id: `route-${i}`,
    match: { path: `/service-${i}/{id}/**`, methods: ['GET', 'POST'], hosts: [], headers: {} },
  }));
  const table = new RouteTable(routes, 1024);
  // The paths are created in advance, since a request arrives with its path.
  const requests = Array.from({ length: 1024 }, (_, i) => ({
    method: 'GET',
    host: 'api.example.com',
    path: `/service-${(i * 7919) % routeCount}/42/items`,
    headers: {},
  }));
  expect(table.match(requests[1]).route.config.id === 'route-7919');
  return (i) => table.match(requests[i & 1023]);
}

function admitAndSettle() {
  const breaker = new Breaker({
    upstream: 'orders',
    config: config.upstreams.orders.breaker,
    clock: systemClock,
    random: Math.random,
  });
  expect(breaker.state === 'closed');
  return () => breaker.admit(3000).settle('success', 'success', '200');
}

/** Measures the policies between a request and its target. */
function contain(fails) {
  const { breaker: breakerConfig, bulkhead: bulkheadConfig, retry } = config.upstreams.orders;
  const breaker = new Breaker({
    upstream: 'orders',
    config: breakerConfig,
    clock: systemClock,
    random: Math.random,
  });
  const bulkhead = new Bulkhead(bulkheadConfig);
  const budget = new RetryBudget(retry.budget, systemClock);
  const balancer = new BALANCERS['power-of-two'](targets(10), Math.random);
  const noSignal = () => {
    throw new TypeError('The bulkhead is never full here.');
  };
  expect(bulkhead.limit > 1);
  return (i) => {
    const place = bulkhead.enter(noSignal);
    const permit = breaker.admit(3000);
    budget.recordCall();
    const target = balancer.pick(undefined, nobody);
    if (fails(i)) permit.settle('failure', 'upstream_status', '503');
    else permit.settle('success', 'success', '200');
    place.leave();
    return target;
  };
}

/** Measures the balancers with 10 and with 1,000 targets, which should cost about the same, as should a retry. */
function pickSteps(name) {
  const keys = Array.from({ length: 1024 }, (_, i) => `user-${i}`);
  return Object.fromEntries(
    [10, 1000].flatMap((size) => {
      const all = targets(size);
      const balancer = new BALANCERS[name](all, Math.random);
      // One target is ejected.
      balancer.use(all.slice(1));
      const tried = keys.map((key) => [balancer.pick(key, nobody)]);
      expect(new Set(tried.flat()).size > size / 4);
      expect(keys.every((key, i) => !tried[i].includes(balancer.pick(key, tried[i]))));
      const of = size.toLocaleString('en');
      return [
        [`${name}: pick one of ${of}`, (i) => balancer.pick(keys[i & 1023], nobody)],
        [
          `${name}: pick another one of ${of} for a retry`,
          (i) => balancer.pick(keys[i & 1023], tried[i & 1023]),
        ],
      ];
    }),
  );
}

/** The part of a target that a balancer reads. */
function targets(size) {
  return Array.from({ length: size }, (_, i) => ({
    url: `http://10.0.${i >> 8}.${i & 255}:3000`,
    weight: 1,
    share: 1,
    inFlight: i % 7,
  }));
}

function buildHead() {
  const raw = Object.entries({
    Host: 'api.example.com',
    'User-Agent': 'bench/1.0',
    Accept: 'application/json',
    'Accept-Encoding': 'gzip, br',
    Authorization: 'Bearer token',
    Connection: 'keep-alive',
    'X-Forwarded-For': '203.0.113.7',
    Cookie: 'session=1',
    'X-Tenant': 'acme',
  }).flat();
  const context = {
    requestId: '2f1d8c1e-8f5e-4a53-9f43-7d0f6a2b9c11',
    peer: '198.51.100.4',
    peerTrusted: false,
    authority: 'api.example.com',
    proto: 'http',
    prefix: '',
    family: 'both',
    forwardAuthorization: false,
    identity: ['X-User-Id', 'alice', 'X-User-Scopes', 'orders:read'],
  };
  expect(!upstreamRequestHeaders(raw, context).includes('Authorization'));
  return () => upstreamRequestHeaders(raw, context);
}

function verifyToken() {
  const verifier = verifierOf(config);
  const { token } = issueToken(config.auth, { sub: 'alice', scopes: 'orders:read', expires: '1h' });
  expect(verifier.verify(token).subject === 'alice');
  expect(typeof verifier.verify(`${token}x`) === 'string');
  return () => verifier.verify(token);
}

function parsed(tree) {
  const result = parseConfig(JSON.stringify(tree), { file: 'bench.yaml', env: {}, readFile: () => '' });
  if (!result.ok) throw new TypeError(result.problems.map(({ message }) => message).join('\n'));
  return result.config;
}

/** Fails when a step does not work, since its figure would mean nothing. */
function expect(holds) {
  if (!holds) throw new TypeError('A step does not do what it is measured for.');
}
