import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway, listen, type RunningGateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { sumOf } from '../support/metrics.js';
import { RawConnection } from '../support/raw-connection.js';
import { ok, type RawAnswer, rawUpstream, thenClose } from '../support/raw-upstream.js';
import { until } from '../support/until.js';

/** Two failures in a row open the breaker; the route limits the body. */
const YAML = (keys: string) => `
upstreams:
  users:
    url: "\${USERS_URL}"
    retry: { attempts: 1, backoff: { base: 1ms, max: 1ms }, budget: 100%${keys.includes('perTry') ? ', perTryTimeout: 50ms' : ''} }
    breaker: { consecutiveFailures: 2, openFor: 10m, maxOpenFor: 10m }
    ${keys.replace('perTry', 'timeout: 5s')}
routes: [{ id: users, match: { path: /users/** }, upstream: users, maxBodyBytes: 10B }]
`;
const CUT = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello';
const status = (code: number) => ok('theirs').replace('200 OK', `${code} Theirs`);

/** Stands for an address on which nothing listens. */
const REFUSED: RawAnswer = () => undefined;

interface Row {
  /** What the upstream does. */
  readonly does: RawAnswer;
  readonly keys?: string;
  /** Bytes of the request; a GET by default. */
  readonly request?: string;
  /** The client leaves as soon as the upstream has its request. */
  readonly leaves?: boolean;
  readonly seen: number;
  readonly code?: string;
  readonly vote: 'success' | 'failure' | 'nothing';
  readonly tries: number;
}

const upload = requestHead('POST /users/1', 'Transfer-Encoding: chunked', 'Connection: close');

const TABLE: [outcome: string, when: string, row: Row][] = [
  ['success', 'a response', { does: ok('theirs'), seen: 200, vote: 'success', tries: 1 }],
  ['success', 'a 404 of the upstream', { does: status(404), seen: 404, vote: 'success', tries: 1 }],
  ['upstream_status', 'a 500', { does: status(500), seen: 500, vote: 'failure', tries: 1 }],
  ['upstream_status', 'a 503, retried', { does: status(503), seen: 503, vote: 'failure', tries: 2 }],
  [
    'connect_failed',
    'a refused connection',
    { does: REFUSED, seen: 502, code: 'upstream_unreachable', vote: 'failure', tries: 2 },
  ],
  [
    'reset',
    'a reset before headers',
    {
      does: (socket) => socket.resetAndDestroy(),
      seen: 502,
      code: 'upstream_reset',
      vote: 'failure',
      tries: 2,
    },
  ],
  [
    'deadline',
    'no response before the deadline',
    {
      does: () => undefined,
      keys: 'timeout: 100ms',
      seen: 504,
      code: 'upstream_timeout',
      vote: 'failure',
      tries: 1,
    },
  ],
  [
    'try_timeout',
    'no response before perTryTimeout',
    {
      does: () => undefined,
      keys: 'perTry',
      seen: 504,
      code: 'upstream_timeout',
      vote: 'failure',
      tries: 2,
    },
  ],
  [
    'malformed_response',
    'a response that is not HTTP',
    { does: 'SSH-2.0\r\n\r\n', seen: 502, code: 'upstream_malformed', vote: 'failure', tries: 2 },
  ],
  ['died_mid_body', 'a truncated body', { does: thenClose(CUT), seen: 200, vote: 'failure', tries: 1 }],
  [
    'client_gone',
    'a client that leaves',
    { does: () => undefined, leaves: true, seen: 499, vote: 'nothing', tries: 1 },
  ],
  [
    'body_too_large',
    'an upload over the limit',
    {
      does: () => undefined,
      request: `${upload}14\r\n${'x'.repeat(20)}\r\n0\r\n\r\n`,
      seen: 413,
      code: 'body_too_large',
      vote: 'nothing',
      tries: 1,
    },
  ],
  [
    'rejected',
    'a path without a route',
    {
      does: ok('theirs'),
      request: requestHead('GET /elsewhere', 'Connection: close'),
      seen: 404,
      code: 'no_route',
      vote: 'nothing',
      tries: 0,
    },
  ],
];

/** 0 is closed and 2 is open. A success between two failures resets the count; a neutral outcome does not. */
const STATES = { failure: [0, 2, 2], nothing: [0, 0, 2], success: [0, 0, 0] };

function observe(gw: RunningGateway) {
  const metrics = async () => (await gw.management('/metrics')).text();
  return {
    breaker: async () => sumOf(await metrics(), 'breakwater_breaker_state'),
    tries: async () => sumOf(await metrics(), 'breakwater_upstream_requests_total'),
    requests: async (outcome: string, seen: number) =>
      sumOf(await metrics(), 'breakwater_requests_total', { outcome, status: String(seen) }),
    /** Outcomes as named in the log of a transition. */
    failures: async () => {
      const { upstreams } = (await (await gw.management('/admin/overview')).json()) as {
        upstreams: { breaker: { lastFailures: { outcome: string }[] } }[];
      };
      return upstreams[0]?.breaker.lastFailures.map(({ outcome }) => outcome);
    },
  };
}

/** Starts a gateway in front of an upstream that does what the row says. */
async function start({ does, keys = '' }: Row, more = '') {
  const users = rawUpstream((socket, head) => {
    if (head.startsWith('GET /users/fail ')) socket.write(status(500));
    else if (typeof does === 'function') does(socket, head);
    else socket.write(does);
  });
  const gw = await gateway(YAML(`${keys}${more}`))
    .withEnv({ USERS_URL: does === REFUSED ? await closedPort() : await listen(users.server) })
    .start();
  return { gw, users };
}

const get = requestHead('GET /users/1', 'Connection: close');

describe('the table of outcomes', () => {
  it.each(TABLE)('reports the outcome %s for %s', async (outcome, _, row) => {
    const { seen, code, vote, tries } = row;
    const { gw, users } = await start(row);
    const observed = observe(gw);
    const happen = async () => {
      if (!row.leaves) return raw(gw.url, row.request ?? get);
      const client = (await RawConnection.to(gw.url)).send(get);
      await until('the upstream has the request', () => users.received.includes('/users/1'));
      client.socket.destroy();
      return '';
    };

    // Checks what the client sees, how often the upstream was called, and the label of the metrics.
    const answer = await happen();
    expect(answer).toMatch(row.leaves ? /^$/ : new RegExp(`^HTTP/1.1 ${seen} `));
    expect(answer).toContain(code === undefined ? '' : `"code":"${code}"`);
    // The problem names the upstream only when it is to blame.
    expect(answer.includes('"upstream":"users"')).toBe(code?.startsWith('upstream_') ?? false);
    const isOver = (times: number) =>
      until('it is counted', async () => (await observed.requests(outcome, seen)) === times);
    await isOver(1);
    await until('its tries are over', async () => (await observed.tries()) === tries);

    // Checks the breaker after one call, after two, and after one between two failures.
    const states = [await observed.breaker()];
    users.received = '';
    await happen();
    await isOver(2);
    states.push(await observed.breaker());
    const fail = () => raw(gw.url, requestHead('GET /users/fail', 'Connection: close'));
    await fail();
    users.received = '';
    await happen();
    if (vote !== 'failure') await isOver(3);
    await fail();
    states.push(await observed.breaker());
    expect(states).toEqual(STATES[vote]);
    // Checks the failures in the log of the breaker.
    const logged = vote === 'failure' ? outcome : 'upstream_status';
    expect(await observed.failures()).toEqual([logged, logged]);
  });

  it.each(TABLE.filter(([, , { leaves }]) => !leaves))(
    'reports %s for %s and uses the fallback only for failures of the upstream',
    async (_outcome, _when, row) => {
      const { gw } = await start(row, '\n    fallback: { response: { status: 203, body: instead } }');
      const answer = await raw(gw.url, row.request ?? get);
      const isUpstreams = row.code?.startsWith('upstream_') ?? false;
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${isUpstreams ? 203 : row.seen} `));
    },
  );

  it('reports breaker_open with 503 and Retry-After, without a try or a vote', async () => {
    const users = rawUpstream(status(500));
    const gw = await gateway(YAML('')).withUpstream('users', users.server).start();
    const { tries, requests, failures } = observe(gw);
    for (let i = 0; i < 2; i++) await (await gw.fetch('/users/1')).text();
    const response = await gw.fetch('/users/1');
    expect([response.status, Number(response.headers.get('retry-after')) > 400]).toEqual([503, true]);
    expect(await response.json()).toMatchObject({ code: 'breaker_open', upstream: 'users' });
    expect([await tries(), await requests('breaker_open', 503), await failures()]).toEqual([
      2,
      1,
      ['upstream_status', 'upstream_status'],
    ]);
  });

  it('reports bulkhead_full with 503 and Retry-After, without a try or a vote', async () => {
    const held: ServerResponse[] = [];
    const gw = await gateway(YAML('bulkhead: { concurrent: 1, queue: 0 }'))
      .withUpstream('users', (_req, res) => void held.push(res))
      .start();
    const { tries, requests, failures, breaker } = observe(gw);
    const first = gw.fetch('/users/1');
    await until('the only place is taken', () => held.length === 1);
    for (let i = 0; i < 3; i++) {
      const response = await gw.fetch('/users/1');
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await response.json()).toMatchObject({ code: 'bulkhead_full', upstream: 'users' });
    }
    expect([await tries(), await requests('bulkhead_full', 503)]).toEqual([0, 3]);
    expect([await breaker(), await failures()]).toEqual([0, []]);
    held[0]?.end();
    await (await first).text();
  });
});
