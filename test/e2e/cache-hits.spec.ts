import { randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: mine, match: { path: /mine/** }, upstream: users, cache: {} }
  - { id: everybodys, match: { path: /everybodys/** }, upstream: users, auth: none, cache: {} }
`;

async function start(handler: RequestListener) {
  const users = recording(handler);
  return { users, gw: await gateway(YAML).withUpstream('users', users.handler).start() };
}

describe('a second response', () => {
  it.each([
    ['to the same user', '/mine/1', { headers: bearer() }],
    ['to anybody on a public route', '/everybodys/1', {}],
  ])('%s comes from the cache', async (_, path, init) => {
    const { gw, users } = await start((_req, res) => {
      res
        .writeHead(200, { 'content-type': 'text/plain', etag: '"1"', 'x-count': users.requests.length })
        .end('hello');
    });
    const first = await gw.fetch(path, init);
    const second = await gw.fetch(path, init);
    expect(users.requests).toHaveLength(1);
    expect([first.headers.get('cache-status'), second.headers.get('cache-status')]).toEqual([
      'Breakwater; fwd=uri-miss',
      expect.stringMatching(/^Breakwater; hit; ttl=\d+$/),
    ]);
    expect([await first.text(), await second.text()]).toEqual(['hello', 'hello']);
    const kept = ['content-type', 'etag', 'x-count', 'date', 'x-content-type-options'];
    expect(kept.map((name) => second.headers.get(name))).toEqual(kept.map((name) => first.headers.get(name)));
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
  });

  it.each([
    ['random bytes', 'application/octet-stream', randomBytes(64 * 1024)],
    ['an image', 'image/png', Buffer.from('89504e470d0a1a0a0000', 'hex')],
    ['compressed text', 'text/plain', Buffer.from('1f8b0800', 'hex')],
    ['broken UTF-8', 'application/json', Buffer.from('7b22ff22c3287d', 'hex')],
    ['nothing', 'text/plain', Buffer.alloc(0)],
  ])('has the bytes of the first one: %s', async (_, type, bytes) => {
    const { gw, users } = await start((_req, res) => {
      res.writeHead(200, { 'content-type': type });
      // The body is sent in pieces and without a length.
      for (let at = 0; at < bytes.length; at += 10_000) res.write(bytes.subarray(at, at + 10_000));
      res.end();
    });
    for (const result of ['uri-miss', 'hit']) {
      const response = await gw.fetch('/everybodys/1');
      expect(response.headers.get('cache-status')).toContain(result);
      expect(response.headers.get('content-type')).toBe(type);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
    expect(users.requests).toHaveLength(1);
  });

  it('counts as a hit', async () => {
    const { gw } = await start((_req, res) => void res.end('hello'));
    for (let i = 0; i < 3; i++) await (await gw.fetch('/everybodys/1')).text();
    const count = (result: string) =>
      gw.metric(`breakwater_cache_requests_total{route="everybodys",result="${result}"}`);
    expect([await count('miss'), await count('hit')]).toEqual([1, 2]);
  });
});

describe('a route without a cache', () => {
  it('calls the upstream each time and sends no Cache-Status', async () => {
    const users = recording(
      (_req, res) => void res.writeHead(200, { 'cache-control': 'max-age=60' }).end('hello'),
    );
    const yaml = YAML.replaceAll(', cache: {}', '');
    const gw = await gateway(yaml).withUpstream('users', users.handler).start();
    const answers = [await gw.fetch('/everybodys/1'), await gw.fetch('/everybodys/1')];
    expect(users.requests).toHaveLength(2);
    expect(answers.map(({ headers }) => headers.get('cache-status'))).toEqual([null, null]);
  });
});
