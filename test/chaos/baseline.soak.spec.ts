import { beforeAll, describe, expect, it } from 'vitest';
import { Baseline, canTakeBaseline, HEAP_NOISE, readMetrics } from '../support/baseline.js';
import { listen } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { spawnInspected } from '../support/spawn-inspected.js';
import { sumOf } from '../support/metrics.js';
import { type GatewayProcess, keepUntilEnd } from '../support/process.js';
import { RawConnection } from '../support/raw-connection.js';
import { ok, type RawAnswer, rawUpstream, thenClose } from '../support/raw-upstream.js';
import { until } from '../support/until.js';

/** Concurrent clients. */
const CLIENTS = 5;
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const FINE = ok('fine', 'Connection: close');
const UNAVAILABLE = 'HTTP/1.1 503 Away\r\nConnection: close\r\nContent-Length: 0\r\n';
/** Nothing listens on this port (tcpmux). */
const REFUSED = 'http://127.0.0.1:1';

/** For faults that run into the timeout. */
const STALLS = 'timeout: 300ms';

/** Sends a piece every few milliseconds until the connection closes. */
function dripping(first: string, piece: string): RawAnswer {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), 20);
    socket.once('close', () => clearInterval(timer));
  };
}

/** Delays the response to every n-th request. */
function slowly(oneOf: number, bytes: string): RawAnswer {
  let asked = 0;
  return (socket) => {
    if (asked++ % oneOf === 0) setTimeout(() => socket.write(bytes), 100);
    else socket.write(bytes);
  };
}

/** @returns an answer that repeats the same bytes as fast as they are read */
function flooding(first: string, piece: string): RawAnswer {
  const many = piece.repeat(Math.ceil(65_536 / piece.length));
  return (socket) => {
    const write = () => {
      while (!socket.destroyed && socket.write(many));
    };
    socket.on('drain', write).write(first);
    write();
  };
}

interface Scene {
  readonly gateway: GatewayProcess;
  /** Requests the route of the fault and reads until the connection ends. */
  readonly ask: (request?: string) => Promise<string>;
  readonly open: (request?: string) => Promise<RawConnection>;
  readonly read: (name: string, labels?: Record<string, string>) => Promise<number>;
  /** Bytes that the upstream has received in all. */
  readonly received: () => number;
}

interface Fault {
  /** What the upstream sends; missing when its addresses are the fault. */
  readonly answer?: RawAnswer;
  /** More keys of the upstream, in YAML. */
  readonly upstream?: string;
  readonly targets?: readonly string[];
  /** Causes the fault once and checks what clients see. */
  readonly happens: (scene: Scene) => Promise<void>;
}

/** The interim responses in front of a final one. */
const INTERIM = /^(?:HTTP\/1\.1 1[^]*?\r\n\r\n)+/;

/** Expects this status for every client, and a body that matches. */
function answered(status: number, body = /[^]*/): Fault['happens'] {
  return async ({ ask }) => {
    const answers = await Promise.all(Array.from({ length: CLIENTS }, () => ask()));
    for (const received of answers) {
      const answer = received.replace(INTERIM, '');
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toMatch(body);
    }
  };
}

/** Disconnects every client once it is ready. */
function abandoned(request: string | undefined, isReady: (scene: Scene, client: RawConnection) => unknown) {
  return async (scene: Scene) => {
    const gone = () => scene.read('breakwater_requests_total', { outcome: 'client_gone' });
    const before = await gone();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => scene.open(request)));
    for (const each of clients) await until('the moment to leave', () => isReady(scene, each));
    for (const { socket } of clients) socket.destroy();
    await until('they are counted as gone', async () => (await gone()) === before + CLIENTS);
  };
}

const upload = (...fields: string[]) => requestHead('PUT /ROUTE', ...fields);
/** A chunk without the final chunk `0` is an incomplete body. */
const CUT = /^5\r\nhello\r\n$/;
const inFlight =
  (n: number) =>
  async ({ read }: Scene) =>
    (await read('breakwater_bulkhead_in_flight')) === n;

const FAULTS: Record<string, Fault> = {
  'refuses connections': { targets: [REFUSED], happens: answered(502, /upstream_unreachable/) },
  'has a name that nobody knows': {
    targets: ['http://no-such-host.invalid'],
    happens: answered(502, /upstream_unreachable/),
  },
  'is dead on two of three targets': {
    answer: FINE,
    targets: [REFUSED, 'http://127.0.0.1:2', 'SERVER'],
    upstream: 'retry: { attempts: 1 }',
    happens: answered(200, /^fine$/),
  },
  'is slow for one of three requests': {
    answer: slowly(3, FINE),
    happens: answered(200, /^fine$/),
  },
  'resets before headers': {
    answer: (socket) => socket.resetAndDestroy(),
    happens: answered(502, /upstream_reset/),
  },
  'resets in the middle of a body': {
    answer: (socket) => socket.write(`${CHUNKED}5\r\nhello\r\n`, () => socket.resetAndDestroy()),
    happens: answered(200, CUT),
  },
  'accepts and never answers': { answer: () => undefined, upstream: STALLS, happens: answered(504) },
  'sends its head byte by byte': {
    answer: dripping('HTTP/1.1 200 ', 'O'),
    upstream: STALLS,
    happens: answered(504),
  },
  'sends interim answers without end': {
    answer: flooding('', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'),
    upstream: STALLS,
    happens: answered(504),
  },
  'sends its body byte by byte, for ever': {
    answer: dripping(CHUNKED, '1\r\nx\r\n'),
    happens: abandoned(undefined, (_, client) => client.received.includes('x\r\n1')),
  },
  'stops in the middle of a body': {
    answer: `${CHUNKED}5\r\nhello\r\n`,
    upstream: 'bodyTimeout: 100ms',
    happens: answered(200, CUT),
  },
  'sends headers without end': {
    answer: flooding('HTTP/1.1 200 OK\r\n', 'X-More: and more\r\n'),
    happens: answered(502, /upstream_headers_too_large/),
  },
  'sends garbage': { answer: 'SSH-2.0-OpenSSH_9.9\r\n', happens: answered(502, /upstream_malformed/) },
  'announces more than it sends': {
    answer: thenClose('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello'),
    happens: answered(200, /^hello$/),
  },
  'sends more than it announces': { answer: `${ok('hello')} world`, happens: answered(200, /^hello$/) },
  'answers while the upload is under way': {
    answer: ok('no more, please', 'Connection: close'),
    happens: async ({ open }) => {
      const uploads = Array.from({ length: CLIENTS }, () =>
        open(`${upload('Content-Length: 1000000', 'Connection: close')}half`),
      );
      for (const each of await Promise.all(uploads)) {
        await each.until('no more, please');
        await each.ended();
      }
    },
  },
  'takes nothing of an upload': {
    answer: (socket) => socket.pause(),
    upstream: STALLS,
    happens: async ({ ask }) => {
      const answer = await ask(`${upload('Content-Length: 1000000', 'Connection: close')}${'x'.repeat(1e6)}`);
      expect(answer).toMatch(/^HTTP\/1.1 504 /);
    },
  },
  'is unavailable, and every call is retried': {
    // The body is long enough to hold its connection while nobody reads it.
    answer: `${UNAVAILABLE.replace('0\r\n', '200000\r\n')}\r\n${'x'.repeat(200_000)}`,
    upstream: 'retry: { attempts: 3, budget: 100%, backoff: { base: 1ms, max: 1ms } }',
    happens: answered(503),
  },
  'has clients that leave before headers': {
    answer: () => undefined,
    happens: abandoned(undefined, inFlight(CLIENTS)),
  },
  'has clients that leave in the queue of the bulkhead': {
    answer: () => undefined,
    upstream: 'bulkhead: { concurrent: 1 }',
    happens: abandoned(
      undefined,
      async ({ read }) => (await read('breakwater_bulkhead_queued')) === CLIENTS - 1,
    ),
  },
  'has clients that leave while they wait for a retry': {
    answer: `${UNAVAILABLE}Retry-After: 10\r\n\r\n`,
    upstream: 'retry: { attempts: 1, budget: 100% }',
    happens: async (scene) => {
      const retries = () => scene.read('breakwater_retries_total', { reason: '503' });
      const before = await retries();
      await abandoned(undefined, async () => (await retries()) === before + CLIENTS)(scene);
    },
  },
  'has clients that leave in the middle of an upload': {
    answer: () => undefined,
    happens: async (scene) => {
      const before = scene.received();
      await abandoned(
        `${upload('Content-Length: 1000000')}${'x'.repeat(1_000)}`,
        () => scene.received() > before + CLIENTS * 1_000,
      )(scene);
    },
  },
  'has clients that send less than they announce': {
    answer: () => undefined,
    happens: async (scene) => {
      const gone = () => scene.read('breakwater_requests_total', { outcome: 'client_gone' });
      const before = await gone();
      const clients = Array.from({ length: CLIENTS }, () =>
        scene.open(`${upload('Content-Length: 100')}short`),
      );
      for (const { socket } of await Promise.all(clients)) socket.end();
      await until('they are counted as gone', async () => (await gone()) === before + CLIENTS);
    },
  },
  'has clients that leave in the middle of a download': {
    answer: dripping(CHUNKED, '5\r\nhello\r\n'),
    happens: abandoned(undefined, (_, client) => client.received.includes('hello')),
  },
  'has clients that leave in the middle of a download that they do not read': {
    answer: flooding(CHUNKED, `400\r\n${'hello,  '.repeat(128)}\r\n`),
    happens: abandoned(undefined, (_, client) => {
      const hasPart = client.received.includes('hello');
      if (hasPart) client.socket.pause();
      return hasPart;
    }),
  },
};

describe.skipIf(!canTakeBaseline)('the gateway holds nothing more after an upstream that', () => {
  const keep = keepUntilEnd();
  const upstreams: ReturnType<typeof rawUpstream>[] = [];
  let gateway: GatewayProcess;
  let baseline: Baseline;

  beforeAll(async () => {
    const addresses: string[][] = [];
    for (const { answer = '', targets = ['SERVER'] } of Object.values(FAULTS)) {
      const upstream = rawUpstream(answer);
      upstreams.push(upstream);
      const server = targets.includes('SERVER') ? await listen(upstream.server, keep) : '';
      addresses.push(targets.map((target) => (target === 'SERVER' ? server : target)));
    }
    const yaml = [
      'server: { host: 127.0.0.1, port: 0 }',
      'management: { port: 0 }',
      // Long timeouts and the shadow breaker show the fault itself, also on a busy machine.
      'defaults: { timeout: 20s, connectTimeout: 5s, retry: { attempts: 0 }, breaker: { mode: shadow } }',
      'upstreams:',
      ...Object.values(FAULTS).map(({ upstream = '' }, i) => {
        const targets = addresses[i]?.map((url) => `{ url: "${url}" }`).join(', ');
        return `  u${i}: { targets: [${targets}], ${upstream} }`;
      }),
      'routes:',
      ...addresses.map((_, i) => `  - { id: r${i}, match: { path: /r${i} }, upstream: u${i} }`),
    ].join('\n');
    gateway = await spawnInspected(yaml, keep);
    baseline = await Baseline.of(gateway);
  });

  it.each(Object.entries(FAULTS))('%s', async (name, fault) => {
    const i = Object.keys(FAULTS).indexOf(name);
    const get = requestHead(`GET /r${i}`, 'Connection: close');
    const bytes = (request: string) => request.replace('/ROUTE', `/r${i}`);
    const scene: Scene = {
      gateway,
      ask: (request = get) => raw(gateway.url, bytes(request)),
      open: async (request = get) => (await RawConnection.to(gateway.url)).send(bytes(request)),
      read: async (name, labels) => sumOf(await readMetrics(gateway.managementUrl), name, labels),
      received: () => upstreams[i]?.received.length ?? 0,
    };
    expect(await baseline.growthThrough(() => fault.happens(scene))).toBeLessThan(HEAP_NOISE);
  });

  // Walking the heap takes seconds on a busy machine.
  it('did any of these: no request object is alive', { timeout: 60_000 }, async () => {
    await expect.poll(() => baseline.requestsAlive(), { timeout: 50_000 }).toBe(0);
  });
});
