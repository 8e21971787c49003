import { expect, it, onTestFinished } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { recording } from '../support/recording.js';

const LINE = '{"n":1}\n';

/** An upstream whose bodies have no end, in front of which requests wait for each other for 300 ms. */
async function start() {
  const users = recording(({ method, headers }, res) => {
    if (method === 'HEAD') res.writeHead(200, { etag: '"1"' }).end();
    else if (headers['if-none-match'] !== undefined) res.writeHead(304, { etag: '"1"' }).end();
    else if (headers.range !== undefined)
      res.writeHead(206, { 'content-range': 'bytes 0-0/*', 'content-length': 1 }).end('{');
    else res.writeHead(200, { 'content-type': 'application/x-ndjson', etag: '"1"' }).write(LINE);
  });
  const gw = await gateway(`
    upstreams: { users: { url: "\${USERS_URL}", timeout: 300ms, connectTimeout: 300ms } }
    routes: [{ id: all, match: { path: /** }, upstream: users, cache: { ttl: 1m } }]
  `)
    .withUpstream('users', users.handler)
    .start();
  const readLine = async () => {
    const { body } = await gw.fetch('/log');
    const reader = body!.getReader();
    onTestFinished(() => reader.cancel());
    return Buffer.from((await reader.read()).value ?? []).toString();
  };
  return { gw, seen: users.requests, readLine };
}

it('a body without an end is given to each client', async () => {
  const { seen, readLine } = await start();
  expect(await Promise.all([readLine(), readLine(), readLine()])).toEqual([LINE, LINE, LINE]);
  expect(seen).toHaveLength(3);
});

it.each<[string, string, Record<string, string>, object]>([
  ['HEAD', 'HEAD', {}, { status: 200, headers: { etag: '"1"' } }],
  ['a conditional request', 'GET', { 'if-none-match': '"1"' }, { status: 304 }],
  ['a range', 'GET', { range: 'bytes=0-0' }, { status: 206, body: '{' }],
])('a body without an end is not waited for: %s', async (_, method, headers, answer) => {
  const { gw, seen } = await start();
  expect(await ask(`${gw.url}/log`, headers, method)).toMatchObject(answer);
  expect(
    seen.map((each) => [each.method, Object.keys(headers).every((name) => name in each.headers)]),
  ).toEqual([
    ['GET', method === 'HEAD'],
    [method, true],
  ]);
});
