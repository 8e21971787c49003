import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';

const users = recording((req, res) => void req.resume().on('end', () => res.end('hello')));
const gw = gateway(`
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: head, match: { path: /head }, upstream: users, limits: { maxHeaderBytes: 100B } }
  - { id: query, match: { path: /query }, upstream: users, limits: { maxQueryBytes: 12B, maxQueryParameters: 3 } }
  - { id: none, match: { path: /none }, upstream: users, limits: { maxQueryBytes: 0B } }
  - { id: typed, match: { path: /typed }, upstream: users, limits: { contentTypes: [application/JSON, image/*] } }
  - { id: free, match: { path: /free }, upstream: users }
`)
  .withUpstream('users', users.handler)
  .startOnce();

async function answerTo(line: string, body = '', ...fields: string[]) {
  users.clear();
  const head = requestHead(line, 'Connection: close', ...fields);
  const [answer] = answersIn(await raw(gw.url, head + body));
  const { status, headers } = answer!;
  const { code, detail } = status === 200 ? {} : (JSON.parse(answer!.body) as Record<string, string>);
  return { status, code, detail, accept: headers['accept']?.[0], calls: users.requests.length };
}

// The target, `Host: gateway.test` and `Connection: close` have 5, 16 and 15 characters, and `X-A` has 3.
it.each([
  ['', 200],
  [`X-A: ${'b'.repeat(61)}`, 200],
  [`X-A: ${'b'.repeat(62)}`, 431],
  [`X-A: b\r\nX-B: ${'b'.repeat(58)}`, 431],
])('limits.maxHeaderBytes counts the target, names and values: %s', async (fields, status) => {
  expect(await answerTo('GET /head', '', ...(fields === '' ? [] : [fields]))).toMatchObject({
    status,
    code: status === 200 ? undefined : 'headers_too_large',
    calls: status === 200 ? 1 : 0,
  });
});

it.each([
  ['/query', 200, undefined],
  ['/query?', 200, undefined],
  ['/query?a=1&b=2&c=3', 200, undefined],
  ['/query?a=1234567890', 200, undefined],
  ['/query?a=12345678901', 414, 'The query is longer than 12 bytes'],
  ['/query?a=%41%41%41', 200, undefined],
  ['/query?a=%41%41%41%41', 414, 'The query is longer than 12 bytes'],
  ['/query?a&b&c&d', 414, 'The query has more than 3 parameters'],
  ['/query?&&&', 414, 'The query has more than 3 parameters'],
  ['/none', 200, undefined],
  ['/none?a', 414, 'The query is longer than 0 bytes'],
  [`/free?${'a&'.repeat(2_000)}`, 200, undefined],
])('limits of queries answer %s with %i', async (target, status, detail) => {
  expect(await answerTo(`GET ${target}`)).toMatchObject({
    status,
    detail,
    code: status === 200 ? undefined : 'query_too_large',
    calls: status === 200 ? 1 : 0,
  });
});

it.each([
  ['no body', 200, []],
  ['no body of a type', 200, ['Content-Type: text/xml']],
  ['an empty body', 200, ['Content-Length: 0', 'Content-Type: text/xml']],
  ['an accepted type', 200, ['Content-Length: 5', 'Content-Type: application/json; charset=utf-8']],
  ['an accepted type in capitals', 200, ['Content-Length: 5', 'Content-Type: Application/Json']],
  ['a subtype', 200, ['Content-Length: 5', 'Content-Type: image/png']],
  ['another type', 415, ['Content-Length: 5', 'Content-Type: text/xml']],
  ['another type in chunks', 415, ['Transfer-Encoding: chunked', 'Content-Type: text/xml']],
  ['no type', 415, ['Content-Length: 5']],
  ['two types', 415, ['Content-Length: 5', 'Content-Type: image/png', 'Content-Type: text/xml']],
  ['a list of types', 415, ['Content-Length: 5', 'Content-Type: image/png, text/xml']],
])('limits.contentTypes judges requests with %s', async (_, status, fields) => {
  const body = fields.some((field) => field.startsWith('Transfer')) ? '5\r\nhello\r\n0\r\n\r\n' : '';
  const sent = fields.includes('Content-Length: 5') ? 'hello' : body;
  expect(await answerTo('POST /typed', sent, ...fields)).toMatchObject({
    status,
    code: status === 200 ? undefined : 'content_type_not_allowed',
    accept: status === 200 ? undefined : 'application/json, image/*',
    calls: status === 200 ? 1 : 0,
  });
});
