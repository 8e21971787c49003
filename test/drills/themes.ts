import type {
  ClientKind,
  ClientPlan,
  Fault,
  Scenario,
  ServicePlan,
  TargetFault,
  UpstreamKeys,
} from './scenario.js';

import type { Dice } from './dice.js';

/** What a scenario is about. The rest of it is random. */
type Theme = (dice: Dice) => Omit<Scenario, 'name'>;

const PASSERS_BY = [
  'post',
  'upload',
  'head',
  'delete',
  'reader',
  'leaver',
  'pipeline',
  'cached',
  'mine',
  'mixed',
  'socket',
] as const;

export const THEMES = { streams, herd, partial, pause, outage, crowd } satisfies Record<string, Theme>;
export type ThemeName = keyof typeof THEMES;

/** Many responses and WebSockets stay open while short calls go on. */
function streams(dice: Dice): Omit<Scenario, 'name'> {
  const service = { id: 'a', targets: dice.between(1, 2), config: dice.chance(60) ? {} : { timeout: '1s' } };
  const lasting = { ms: 0, bytes: dice.between(1_000, 100_000), over: 5_000 };
  const open = group(dice.oneOf(['stream', 'stream', 'reader', 'socket']), service, {
    count: dice.between(130, 180),
    response: lasting,
  });
  const short = group(dice.oneOf(['get', 'get', 'post', 'upload']), service, {
    at: 700,
    count: dice.between(6, 12),
    for: 3_600,
    gap: dice.between(20, 200),
  });
  return { services: [service, ...bystander(dice)], faults: [], clients: [open, short] };
}

/** Many clients ask for a resource at once that is not stored yet, and takes long. */
function herd(dice: Dice): Omit<Scenario, 'name'> {
  const targets = dice.between(1, 2);
  const service = { id: 'a', targets, config: dice.chance(50) ? balancing(dice) : { timeout: '10s' } };
  const slow = { ms: dice.between(0, 50), bytes: dice.between(1_000, 200_000), over: 3_500 };
  const kind = dice.oneOf(['cached', 'cached', 'mine', 'mixed'] as const);
  const all = group(kind, service, { count: dice.between(250, 400), response: slow });
  const beside = group('get', service, { at: 2_000, count: 4, for: 2_500, gap: 50 });
  return { services: [service], faults: [], clients: [all, beside] };
}

/** One target of several fails while the others are well. */
function partial(dice: Dice): Omit<Scenario, 'name'> {
  const targets = dice.between(2, 3);
  // These two do not notice that a target is slower than the others.
  const balancer = dice.chance(50) ? { balancer: dice.oneOf(['round-robin', 'random']) } : {};
  const timeout = dice.chance(40) ? {} : { timeout: '1s' };
  const service = { id: 'a', targets, config: { ...balancing(dice), ...balancer, ...timeout } };
  const kind = dice.oneOf<TargetFault>([
    'freeze',
    'freeze',
    'freeze',
    'kill',
    'status',
    'reset',
    'cut',
    'slow',
  ]);
  const fault: Fault = { kind, service: 'a', target: dice.between(0, targets - 1), at: 500, for: 4_000 };
  const response = { ms: dice.between(5, 50), bytes: 500, over: 0 };
  const gets = group('get', service, { count: dice.between(12, 30), for: 4_500, gap: 10, response });
  const others = group(dice.oneOf(['post', 'upload', 'head', 'delete']), service, {
    count: 3,
    for: 4_000,
    gap: 100,
  });
  return { services: [service, ...bystander(dice)], faults: [fault], clients: [gets, others] };
}

/** The machine of the gateway pauses under load. */
function pause(dice: Dice): Omit<Scenario, 'name'> {
  const service = { id: 'a', targets: dice.between(1, 2), config: { timeout: '1s', ...balancing(dice) } };
  const slow = { ms: dice.between(50, 200), bytes: dice.between(100, 5_000), over: 0 };
  const faults: Fault[] = [{ kind: 'pause', at: 800, for: dice.between(1_300, 2_500) }];
  if (dice.chance(30)) faults.push({ kind: 'pause', at: 3_600, for: 400 });
  const gets = group('get', service, { count: dice.between(20, 60), for: 4_000, gap: 20, response: slow });
  const posts = group('post', service, { count: 5, for: 3_000, gap: 100, response: slow });
  return { services: [service, ...bystander(dice)], faults, clients: [gets, posts] };
}

/** All targets of a service fail while another service is well. */
function outage(dice: Dice): Omit<Scenario, 'name'> {
  const rules = dice.oneOf([{}, { consecutiveFailures: 3 }, { window: '2s', minRequests: 10 }]);
  const breaker = dice.chance(20) ? rules : { openFor: '300ms', maxOpenFor: '600ms', ...rules };
  const fallback = dice.chance(30) ? { fallback: { upstream: 'b' } } : {};
  const config = { timeout: '1s', breaker, ...fallback, ...balancing(dice) };
  const service = { id: 'a', targets: dice.between(1, 2), config };
  const kind = dice.oneOf<TargetFault>(['freeze', 'kill', 'status', 'reset', 'cut', 'slow']);
  const faults = Array.from({ length: service.targets }, (_, target): Fault => {
    return { kind, service: 'a', target, at: 500, for: dice.between(800, 2_000) };
  });
  const body = { ms: 10, bytes: 20_000, over: kind === 'cut' ? 200 : 0 };
  const gets = group('get', service, { count: dice.between(5, 15), for: 5_000, gap: 50, response: body });
  const posts = group('post', service, { count: 4, for: 5_000, gap: 100 });
  return {
    services: [service, well(dice)],
    faults,
    clients: [gets, posts, group('get', well(dice), { count: 5, for: 3_500, gap: 50 })],
  };
}

/** More clients than there are places, and clients of all kinds. */
function crowd(dice: Dice): Omit<Scenario, 'name'> {
  const concurrent = dice.between(4, 40);
  const streams = dice.chance(50) ? {} : { streams: dice.between(2, 30) };
  const bulkhead = { concurrent, queue: dice.between(0, 30), ...streams };
  const service = { id: 'a', targets: dice.between(1, 3), config: { ...balancing(dice), bulkhead } };
  const many = group('get', service, {
    count: concurrent * dice.between(1, 4),
    for: 1_500,
    gap: dice.between(0, 20),
  });
  const kinds: ClientKind[] = [...PASSERS_BY, 'stream'];
  const mixed = kinds.filter(() => dice.chance(50)).map((kind) => passersBy(dice, service, kind));
  return { services: [service, ...bystander(dice)], faults: [], clients: [many, ...mixed] };
}

export function passersBy(dice: Dice, service: ServicePlan, kind?: ClientKind): ClientPlan {
  return group(kind ?? dice.oneOf(PASSERS_BY), service, {
    at: dice.between(0, 2_000),
    count: dice.between(1, 8),
    for: dice.between(0, 1_000),
    gap: dice.between(0, 100),
    response: {
      ms: dice.between(0, 100),
      bytes: dice.between(0, 300_000),
      over: dice.oneOf([0, 0, 300, 1_000]),
    },
  });
}

function bystander(dice: Dice): ServicePlan[] {
  return dice.chance(30) ? [well(dice)] : [];
}

function well(dice: Dice): ServicePlan {
  return { id: 'b', targets: 1, config: dice.chance(50) ? {} : { bulkhead: { concurrent: 100, queue: 0 } } };
}

/** Keys that change which target gets a request and when it is tried again. */
function balancing(dice: Dice): UpstreamKeys {
  const keys: UpstreamKeys[] = [
    { balancer: dice.oneOf(['round-robin', 'random', 'least-requests', 'power-of-two']) },
    { retry: { attempts: dice.between(0, 3) } },
    { outlier: { consecutiveFailures: dice.between(2, 8), ejectFor: '2s' } },
    { bulkhead: { adaptive: true } },
    { hedge: { after: dice.oneOf(['p95', '200ms']) } },
    { pool: { connections: dice.between(20, 100) } },
    { health: { interval: '1s', timeout: '500ms', failures: 3 } },
  ];
  return Object.assign({}, ...keys.filter(() => dice.chance(30))) as UpstreamKeys;
}

function group(kind: ClientKind, { id }: ServicePlan, keys: Partial<ClientPlan>): ClientPlan {
  return {
    kind,
    service: id,
    at: 0,
    count: 1,
    for: 0,
    gap: 0,
    response: { ms: 5, bytes: 500, over: 0 },
    ...keys,
  };
}
