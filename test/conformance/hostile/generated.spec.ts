import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { gateway } from '../../support/gateway.js';
import { answersIn, raw, requestHead } from '../../support/http.js';
import { isHopByHop, ownerOf } from '../../../src/common/http/header-owners.js';
import { nameOf, strictUpstream } from './strict-upstream.js';

// A request that is never complete is answered soon.
const YAML = `
server: { headersTimeout: 500ms, requestIdleTimeout: 500ms }
upstreams: { it: { url: "\${IT_URL}", retry: { attempts: 0 }, breaker: { mode: shadow } } }
routes: [{ id: all, match: { path: /u/** }, upstream: it }]
`;

const upstream = strictUpstream();
const gw = gateway(YAML).withUpstream('it', upstream.server).startOnce();

const METHOD = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH');
const TARGET = fc
  .array(
    fc.constantFrom('/', 'a', '%61', '%2e', '..', '//', ';x', '%2f', '?', '&', '=', '%0d%0a', '\\', '#'),
    {
      maxLength: 6,
    },
  )
  .map((pieces) => `/u/${pieces.join('')}`);

/** Ways to say how long a body is, most of which are refused. */
const LENGTH = fc.constantFrom(
  'Content-Length: 5',
  'Content-Length: 5, 5',
  'Content-Length:5',
  'content-length: +5',
);
const CODING = fc.constantFrom(
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: ,chunked',
  'transfer-encoding: CHUNKED',
  'TE: chunked',
);
const BODY = fc.constantFrom(
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;x\r\nhello\r\n0\r\nX: a\r\n\r\n',
  '',
  '0\r\n\r\n',
);
const OTHER = fc.constantFrom(
  'Connection: keep-alive, X-A',
  'Connection: Content-Length, Host',
  'Keep-Alive: a',
  'Upgrade: h2c',
  'X-A: b',
  'X-Forwarded-For: 6.6.6.6',
  'X_User_Id: root',
  'Host: a',
  'Expect: 100-continue',
  'Proxy-Connection: x',
  'X: ',
  'Content_Length: 9',
  'Cookie: a=b',
  'Via: 1.1 a',
  'Trailer: X',
  'Accept: \xe9',
  'X-User-Id: root',
);
const WELL_FRAMED = fc.constantFrom(
  ['Content-Length: 5', 'hello'],
  ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
  ['X-None: a', ''],
);

const REQUEST = fc
  .tuple(
    METHOD,
    TARGET,
    fc.array(OTHER, { maxLength: 3 }),
    fc.oneof(WELL_FRAMED, fc.tuple(fc.oneof(LENGTH, CODING), BODY)),
    fc.option(fc.oneof(LENGTH, CODING), { freq: 4 }),
  )
  .map(([method, target, others, [framing = '', body = ''], second]) => {
    const fields = second === null ? [framing, ...others] : [framing, ...others, second];
    return requestHead(`${method} ${target}`, ...fields) + body;
  });

/** Replaces a few bytes by others that parsers disagree about. */
const DAMAGE = fc.array(
  fc.tuple(
    fc.nat(200),
    fc.nat(2),
    fc.constantFrom('\r', '\n', '\r\n', '\0', ' ', '\t', ':', '\x0b', '\xff', '0', ''),
  ),
  { maxLength: 2 },
);
const BYTES = fc
  .tuple(fc.array(REQUEST, { minLength: 1, maxLength: 3 }), DAMAGE)
  .map(([requests, damage]) =>
    damage.reduce(
      (bytes, [at, length, text]) => bytes.slice(0, at) + text + bytes.slice(at + length),
      requests.join(''),
    ),
  );

/** The upstream checks that there is at most one. */
const FRAMING = /^(?:content-length: \d+|transfer-encoding: chunked)$/;
const LAST = requestHead('GET /u/last', 'Connection: close');

/** @returns the bodies of what the upstream has answered */
async function forwardedTo(bytes: string): Promise<string[]> {
  const answers = answersIn(await raw(gw.url, bytes + LAST));
  for (const { status } of answers) expect([100, 200, 400, 404, 405, 408, 413, 417, 431]).toContain(status);
  return answers.filter(({ status }) => status === 200).map(({ body }) => body);
}

it('refuses a request or forwards it as one canonical request, however its bytes are arranged', async () => {
  // Several at once, because those that are never complete wait for their time limit.
  const batch = fc.array(BYTES, { minLength: 12, maxLength: 12 });
  const property = fc.asyncProperty(batch, async (clients) => {
    upstream.clear();
    const answered = (await Promise.all(clients.map(forwardedTo))).flat();
    const complete = upstream.requests.filter((each) => each !== 'cut');
    const forwarded = complete.map((each) => each.split(' HTTP/1.1\r\n', 1)[0]);
    expect(forwarded).toEqual(expect.arrayContaining(answered));
    expect(forwarded.length).toBeGreaterThanOrEqual(answered.length);
    for (const request of complete) {
      expect(request).not.toMatch(/AMBIGUOUS|MALFORMED/);
      const [head = ''] = request.split('\r\n\r\n', 1);
      expect(head).toMatch(/^[A-Z]+ \/u[\x21-\x7e]* HTTP\/1\.1\r\n/);
      const fields = head.split('\r\n').slice(1);
      expect(fields).toContain('X-Forwarded-For: 127.0.0.1');
      // Damage may have made another name of one that is checked.
      const claims = fields.filter((field) => /root|6\.6\.6\.6/.test(field));
      expect(claims.filter((field) => ownerOf(nameOf(field)) !== 'client')).toEqual([]);
      const ofConnection = fields.filter((field) => isHopByHop(nameOf(field)) && !FRAMING.test(field));
      expect(ofConnection).toEqual(['connection: keep-alive']);
    }
  });
  await fc.assert(property, { seed: 1, numRuns: 40 });
});
