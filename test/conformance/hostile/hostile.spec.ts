import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../../support/gateway.js';
import { answersIn } from '../../support/http.js';
import { RawConnection } from '../../support/raw-connection.js';
import { SECRET } from '../../support/tokens.js';
import { until } from '../../support/until.js';
import { type Attack, readCorpus } from './corpus.js';
import { nameOf, sorted, strictUpstream } from './strict-upstream.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { it: { url: "\${IT_URL}", retry: { attempts: 0 }, breaker: { mode: shadow } } }
routes:
  - { id: admin, match: { path: /admin/** }, upstream: it }
  - { id: public, match: { path: /u/** }, upstream: it, auth: none }
  - { id: secret, match: { path: /u/secret/** }, upstream: it }
  - { id: small, match: { path: /small }, upstream: it, auth: none, maxBodyBytes: 9B }
  - { id: read, match: { path: /read, methods: [GET] }, upstream: it, auth: none }
  - { id: chat, match: { path: /chat }, upstream: it, auth: none, websocket: true }
  - { id: cached, match: { path: /cached/** }, upstream: it, auth: none, cache: { ttl: 1m } }
  - { id: host, match: { path: /host/**, hosts: [b.test] }, upstream: it, auth: none }
`;

const PROBE = 'GET /u/probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const corpus = readCorpus();

const upstream = strictUpstream();
const gw = gateway(YAML).withUpstream('it', upstream.server).startOnce();
// Smuggling needs a connection to the upstream that is used for several clients.
beforeAll(async () => void (await gw.fetch('/u/warm')));
beforeEach(upstream.clear);

describe.each(Object.entries(corpus))('hostile requests: %s', (_, attacks) => {
  it.each(attacks)('$title', async (attack) => {
    expect(await observed(attack)).toEqual(expected(attack));
    upstream.clear();
    // Nothing is left on the connection to the upstream, and nothing arrives late.
    expect(await (await gw.fetch('/u/witness')).text()).toBe('GET /u/witness');
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('the corpus of hostile requests', () => {
  it('has no request twice', () => {
    const all = Object.values(corpus).flat();
    const bytes = all.map(({ steps }) => JSON.stringify(steps));
    expect(all.filter((_, index) => bytes.indexOf(bytes[index] ?? '') !== index).map(({ at }) => at)).toEqual(
      [],
    );
    expect(all.length).toBeGreaterThanOrEqual(200);
  });
});

/** Sends an attack, and asks on the same connection for the probe when that has to stay open. */
async function observed({ at, steps, end, forwarded }: Attack) {
  const client = await RawConnection.to(gw.url);
  for (const step of steps) {
    if ('send' in step) client.send(step.send);
    else await until(`the upstream has ${step.await}`, () => upstream.received.includes(step.await));
  }
  if (end === 'open') client.send(PROBE);
  await client.ended();
  if (forwarded.includes('cut')) await until('the request is cut', () => upstream.requests.includes('cut'));
  const answers = answersIn(client.received);
  // Whoever closes says so, and the probe asks for it.
  const isAnnounced = answers.at(-1)?.headers['connection']?.[0] === 'close';
  return {
    at,
    answers: answers.map(summaryOf),
    bodies: withoutRepeats(answers.filter(({ status }) => status === 200).map(({ body }) => body)),
    isAnnounced,
    forwarded: [...upstream.requests],
  };
}

function expected({ at, answers, end, forwarded }: Attack) {
  const probe = end === 'open' ? ['GET /u/probe'] : [];
  const requests = [...forwarded, ...probe];
  return {
    at,
    answers: [...answers, ...probe.map(() => '200')],
    bodies: withoutRepeats(requests.filter((each) => each !== 'cut').map(answerTo)),
    isAnnounced: true,
    forwarded: requests.map(canonicalRequest),
  };
}

/** The upstream answers with the request line. */
function answerTo(notation: string): string {
  const [line = ''] = notation.split('\r\n');
  return line.startsWith('HEAD ') ? '' : line;
}

/** A response that the cache repeats. */
function withoutRepeats(bodies: readonly string[]): string[] {
  return bodies.filter((body, index) => body !== bodies[index - 1]);
}

function summaryOf({ status, headers, body }: ReturnType<typeof answersIn>[number]): string {
  if (headers['content-type']?.[0] !== 'application/problem+json') return String(status);
  return `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

/** @param notation the request line without its version, the fields beside those of every request, and the body */
function canonicalRequest(notation: string): string {
  if (notation === 'cut') return notation;
  const [head = '', body = ''] = notation.split(/\r\n\r\n(.*)/s);
  const [line = '', ...own] = head.split('\r\n');
  const host = own.find((field) => field.startsWith('X-Forwarded-Host: '))?.slice(18) ?? 'a';
  const usual = [
    'host: upstream',
    'connection: keep-alive',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Proto: http',
    `X-Forwarded-Host: ${host}`,
    `X-Forwarded-Port: ${/:(\d+)$/.exec(host)?.[1] ?? '80'}`,
    `Forwarded: for=127.0.0.1;host=${/^[\w.-]+$/.test(host) ? host : `"${host}"`};proto=http`,
    'Via: 1.1 breakwater',
    'X-Request-Id: new',
    'X-Request-Deadline: soon',
  ].filter((field) => !own.some((each) => nameOf(each) === nameOf(field)));
  return `${[`${line} HTTP/1.1`, ...sorted([...own, ...usual])].join('\r\n')}\r\n\r\n${body}`;
}
