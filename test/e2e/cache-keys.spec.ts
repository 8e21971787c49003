import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';

const YAML = `
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: all, match: { path: /** }, upstream: users, cache: {} }
  - { id: beta, match: { path: /1, headers: { x-beta: "1" } }, upstream: users, cache: {} }
`;

/** @returns for each request the number of the upstream call that answered it */
async function answers(requests: string[][], yaml = YAML): Promise<(string | undefined)[]> {
  const users = recording((_req, res) => void res.end(String(users.requests.length)));
  const gw = await gateway(yaml).withUpstream('users', users.handler).start();
  const bodies: (string | undefined)[] = [];
  for (const [target, ...fields] of requests) {
    const received = await raw(gw.url, requestHead(`GET ${target}`, 'Connection: close', ...fields));
    bodies.push(answersIn(received)[0]?.body);
  }
  return bodies;
}

describe('two requests share a response', () => {
  it.each([
    ['when they are the same', ['/1?a=1'], ['/1?a=1']],
    ['when their paths are spelled differently', ['/a-b/c'], ['/%61%2Db/c']],
    ['when their hosts differ in case', ['/1', 'Host: A.Test'], ['/1', 'Host: a.test']],
    ['when one is absolute', ['/1', 'Host: a.test'], ['http://a.test/1', 'Host: b.test']],
  ])('%s', async (_, first, second) => {
    expect(await answers([first, second, first])).toEqual(['1', '1', '1']);
  });
});

describe('a header that the gateway removes selects no variant', () => {
  it.each(['X-Jwt-Tenant', 'X-User-Id', 'X-Forwarded-Port', 'X-Original-URL'])(
    'when Vary names it: %s',
    async (vary) => {
      const users = recording((_req, res) => void res.setHeader('Vary', vary).end('same for everybody'));
      const gw = await gateway(YAML).withUpstream('users', users.handler).start();
      for (const fields of [[], [`${vary}: a`], [`${vary}: b`]]) {
        await raw(gw.url, requestHead('GET /1', 'Connection: close', ...fields));
      }
      expect(users.requests).toHaveLength(1);
    },
  );
});

describe('two requests do not share a response', () => {
  it.each([
    ['when their parameters differ in order', ['/1?a=1&b=2'], ['/1?b=2&a=1']],
    ['when an & is one of the value', ['/1?a=1&b=2'], ['/1?a=1%26b=2']],
    ['when one has an empty query', ['/1'], ['/1?']],
    ['when a ? is one of the path', ['/1?a'], ['/1%3Fa']],
    ['when the query looks like a prototype', ['/1'], ['/1?__proto__=x']],
    ['when their paths differ in case', ['/a'], ['/A']],
    ['when one path has a last slash', ['/a'], ['/a/']],
    ['when one path looks like a file', ['/me'], ['/me;x.css']],
    ['when one path is encoded twice', ['/%61'], ['/%2561']],
    ['when their hosts differ', ['/1', 'Host: a.test'], ['/1', 'Host: b.test']],
    ['when one names the usual port', ['/1', 'Host: a.test'], ['/1', 'Host: a.test:80']],
    ['when one host has a last dot', ['/1', 'Host: a.test'], ['/1', 'Host: a.test.']],
    ['when their ports differ', ['/1', 'Host: a.test:8080'], ['/1', 'Host: a.test:8081']],
    ['when their routes differ', ['/1'], ['/1', 'X-Beta: 1']],
  ])('%s', async (_, first, second) => {
    expect(await answers([first, second, first, second])).toEqual(['1', '2', '1', '2']);
  });
});

describe('two requests to a trusted proxy', () => {
  it.each([
    ['hosts', 'X-Forwarded-Host: a.test', 'X-Forwarded-Host: b.test'],
    ['schemes', 'X-Forwarded-Proto: http', 'X-Forwarded-Proto: https'],
    ['schemes as Rack reads them', 'X-Forwarded-Scheme: http', 'X-Forwarded-Scheme: https'],
    ['schemes as Exchange names them', 'Front-End-Https: off', 'Front-End-Https: on'],
    ['prefixes as WSGI names them', 'X-Script-Name: /a', 'X-Script-Name: /b'],
  ])('do not share a response when they differ in %s', async (_, first, second) => {
    const trusting = `server: { trustProxy: [127.0.0.1] }\n${YAML}`;
    const requests = [first, second, first, second].map((field) => ['/1', field]);
    expect(await answers(requests, trusting)).toEqual(['1', '2', '1', '2']);
  });
});
