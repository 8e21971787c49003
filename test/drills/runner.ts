import { setTimeout as sleep } from 'node:timers/promises';
import { socketsOf } from '../support/baseline.js';
import { Inspector } from '../support/inspector.js';
import type { GatewayProcess, KeepUntil } from '../support/process.js';
import { RedisServer, usesRedis } from '../support/redis.js';
import { spawnInspected } from '../support/spawn-inspected.js';
import { SECRET } from '../support/tokens.js';
import { runClients } from './clients.js';
import { type Drill, recordOf } from './client-record.js';
import { drain, SHUTDOWN } from './drain.js';
import { heldIn, heldLike } from './held.js';
import { reap } from './reaper.js';
import type { FaultRecord, Recording, Recovery, Stall, Transition } from './recording.js';
import { type Fault, limitsOf, MOST_WAITS, type Scenario, type ServicePlan, SLACK } from './scenario.js';
import { isOfTarget, Targets } from './targets.js';

const STALL_MS = 200;

/** All that a drill runs. */
interface Parts {
  readonly scenario: Scenario;
  readonly targets: Targets;
  readonly redis: RedisServer | undefined;
  readonly gateway: GatewayProcess;
  readonly inspector: Inspector;
}

/** Runs a scenario with the built gateway, real sockets and real processes, and ends all of them. */
export async function run(scenario: Scenario): Promise<Recording> {
  const cleanUps: (() => Promise<void>)[] = [];
  const targets = new Targets();
  cleanUps.push(() => targets.stop());
  const keepUntil: KeepUntil = (cleanUp) => void cleanUps.push(cleanUp);
  try {
    await targets.start(scenario.services);
    const redis = scenario.redis && usesRedis ? await RedisServer.startUntil(keepUntil) : undefined;
    const gateway = await spawnInspected(configOf(scenario, targets, redis), keepUntil);
    reap(gateway.process.child);
    const inspector = await Inspector.to(gateway);
    return await drill({ scenario, targets, redis, gateway, inspector });
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  }
}

async function drill(parts: Parts): Promise<Recording> {
  const { scenario, targets, gateway, inspector } = parts;
  const sockets = await socketsOf(gateway.process.child.pid);
  await warmUp(gateway.url, scenario.services);
  const before = { ...(await heldIn(gateway, inspector)), sockets };
  const over = new AbortController();
  const watch: Drill = { url: gateway.url, requests: [], over: over.signal };
  const stalls: Stall[] = targets.stalls;
  const stopWatching = watchStalls(stalls);

  const startedAt = Date.now();
  const faults: FaultRecord[] = [];
  const faultsOver = Promise.all(scenario.faults.map((fault) => stage(fault, parts, faults)));
  const clients = scenario.clients.map(async (plan, group) => {
    await sleep(plan.at);
    await runClients(watch, plan, group);
  });
  await faultsOver;
  const clientsOver = Promise.all(clients);
  await Promise.race([clientsOver, sleep(longest(scenario) + SLACK, undefined, { ref: false })]);
  over.abort();
  await clientsOver;
  const recoveries = await Promise.all(
    scenario.services.map((service, i) => recover(gateway.url, service, i)),
  );
  stopWatching();
  // Probes open the breakers of stopped targets, and rightly so.
  const transitions = transitionsIn(gateway.process.lines);
  await targets.stop();
  const after = await heldLike(before, gateway, inspector);
  inspector.close();
  await targets.startAgain();
  await Promise.all(scenario.services.map((service, i) => recover(gateway.url, service, 500 + i)));
  const drained = await drain(gateway, scenario.services);
  return {
    scenario,
    startedAt,
    requests: watch.requests,
    arrivals: [...targets.arrivals.values()].filter(({ id }) => id !== 'undefined'),
    transitions,
    faults,
    stalls,
    recoveries,
    rest: { before, after },
    drain: drained,
  };
}

/** @returns the configuration file, in JSON, which is YAML too */
function configOf({ services }: Scenario, targets: Targets, redis: RedisServer | undefined): string {
  const upstreams = services.map((service) => [
    service.id,
    { ...service.config, targets: targets.urlsOf(service).map((url) => ({ url })) },
  ]);
  const routes = services.flatMap(({ id }) => [
    { id: `${id}-plain`, match: { path: `/${id}/plain/**` }, upstream: id, auth: 'none', websocket: true },
    { id: `${id}-cached`, match: { path: `/${id}/cached/**` }, upstream: id, auth: 'none', cache: {} },
    { id: `${id}-mine`, match: { path: `/${id}/mine/**` }, upstream: id, cache: {} },
    {
      id: `${id}-mixed`,
      match: { path: `/${id}/mixed/**` },
      upstream: id,
      auth: { optional: true },
      cache: {},
    },
  ]);
  return JSON.stringify({
    server: { host: '127.0.0.1', port: 0, shutdown: SHUTDOWN },
    ...(redis && { redis: { url: redis.url } }),
    management: { host: '127.0.0.1', port: 0 },
    auth: { drill: { secret: SECRET, algorithms: ['HS256'] } },
    upstreams: Object.fromEntries(upstreams),
    routes,
  });
}

async function stage(fault: Fault, parts: Parts, all: FaultRecord[]): Promise<void> {
  await sleep(fault.at);
  const record = { fault, from: Date.now(), to: Infinity };
  all.push(record);
  await begin(fault, parts);
  await sleep(fault.for);
  await end(fault, parts);
  record.to = Date.now();
}

async function begin(fault: Fault, { targets, gateway, redis }: Parts): Promise<void> {
  if (isOfTarget(fault)) targets.begin(fault);
  else if (fault.kind === 'pause') gateway.process.kill('SIGSTOP');
  else if (fault.kind === 'redis-freeze') redis?.signal('SIGSTOP');
  else await redis?.kill();
}

async function end(fault: Fault, { targets, gateway, redis }: Parts): Promise<void> {
  if (isOfTarget(fault)) await targets.end(fault);
  else if (fault.kind === 'pause') gateway.process.kill('SIGCONT');
  else if (fault.kind === 'redis-freeze') redis?.signal('SIGCONT');
  else await redis?.startAgain();
}

/** @returns milliseconds after the last fault within which every client has its response */
function longest({ services, clients }: Scenario): number {
  const timeout = Math.max(...services.map((service) => limitsOf(service).timeout));
  return (
    Math.max(...clients.map((each) => each.at + each.for + each.response.ms + each.response.over)) +
    MOST_WAITS * timeout
  );
}

/** Loads what a process loads with its first requests, so that it is not taken for something left behind. */
async function warmUp(url: string, services: readonly ServicePlan[]): Promise<void> {
  for (const { id } of services) {
    for (const path of [
      `/${id}/plain/0`,
      `/${id}/cached/0?store`,
      '/nowhere',
      `/${id}/mine/0`,
      `/${id}/mixed/0?store`,
    ]) {
      await (await fetch(url + path, { headers: { connection: 'close' } })).arrayBuffer();
    }
  }
}

/** Asks a service again and again until one of its targets responds, at most as long as its breaker may stay open. */
async function recover(url: string, service: ServicePlan, i: number): Promise<Recovery> {
  const { maxOpenFor, timeout } = limitsOf(service);
  const wellAt = Date.now();
  const until = wellAt + maxOpenFor * 1.2 + timeout + SLACK;
  const response = { ms: 0, bytes: 0, over: 0 };
  const plan = { kind: 'get', service: service.id, at: 0, count: 1, for: 0, gap: 0, response } as const;
  while (Date.now() < until) {
    const { key } = recordOf(plan, 1_000 + i, '0');
    const res = await fetch(url + key, { headers: { connection: 'close' } }).catch(() => undefined);
    await res?.arrayBuffer().catch(() => undefined);
    if (res?.status === 200) return { service: service.id, wellAt, answeredAt: Date.now() };
    await sleep(50);
  }
  return { service: service.id, wellAt };
}

function transitionsIn(lines: readonly string[]): Transition[] {
  return lines
    .filter((line) => line.includes('"breaker '))
    .map((line) => JSON.parse(line) as Record<string, string>)
    .map(({ upstream = '', from = '', to = '', reason = '', time = '' }) => {
      return { service: upstream, from, to, reason, at: Date.parse(time) };
    });
}

function watchStalls(stalls: Stall[]): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last > STALL_MS) stalls.push({ of: 'drill', from: last, to: now });
    last = now;
  }, 50);
  return () => clearInterval(timer);
}
