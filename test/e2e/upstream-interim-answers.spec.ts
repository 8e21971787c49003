import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead, statusLines } from '../support/http.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 1, backoff: { base: 1ms, max: 1ms } } }
  hasty: { url: "\${USERS_URL}", timeout: 300ms }
routes:
  - { id: users, match: { path: /users }, upstream: users }
  - { id: hasty, match: { path: /hasty }, upstream: hasty }
  - { id: cached, match: { path: /cached }, upstream: users, cache: { ttl: 1m } }
  - id: rules
    match: { path: /rules }
    upstream: users
    headers: { response: { remove: [Link] } }
`;

const interim = (status: number, ...fields: string[]) =>
  `HTTP/1.1 ${[`${status} Interim`, ...fields].join('\r\n')}\r\n\r\n`;
const CONTINUE = interim(100);
const HINTS = interim(103, 'Link: </a.css>; rel=preload', 'Set-Cookie: a=b', 'X-Trace: 1');

const users = rawUpstream();
const gw = gateway(YAML).withUpstream('users', users.server).startOnce();

const get = (path = '/users', version = '1.1') =>
  raw(gw.url, requestHead(`GET ${path}`, 'Connection: close').replace('HTTP/1.1', `HTTP/${version}`));

describe('interim responses of an upstream', () => {
  it.each([
    ['103 Early Hints', HINTS, ['103', '200']],
    ['102 Processing', interim(102), ['102', '200']],
    ['both', interim(102) + CONTINUE + HINTS, ['102', '103', '200']],
    ['100 Continue', CONTINUE, ['200']],
    ['others', interim(104) + interim(199), ['200']],
    ['103 without a link', interim(103, 'X-Trace: 1'), ['200']],
    ['103 with what is no link', interim(103, 'Link: a.css'), ['200']],
    ['103 with a link for one connection', interim(103, 'Link: </a>', 'Connection: link'), ['200']],
  ])('are forwarded where Node allows it: %s', async (_, first, statuses) => {
    users.answerWith(first + ok('hello'));
    const received = await get();
    expect(statusLines(received)).toEqual(statuses);
    expect(answersIn(received).at(-1)).toMatchObject({ status: 200, body: 'hello' });
  });

  it('keep their links and no other header', async () => {
    users.answerWith(
      interim(103, 'Link: </a>; rel=preload, </b,c>', 'Link: </d>', 'Set-Cookie: a=b') + ok(''),
    );
    expect((await get()).split('\r\n\r\n')[0]).toBe(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload, </b,c>, </d>',
    );
  });

  it('are not sent to a client of HTTP/1.0, nor links that the route removes', async () => {
    users.answerWith(HINTS + interim(102) + ok('hello'));
    expect(statusLines(await get('/users', '1.0'))).toEqual(['200']);
    expect(statusLines(await get('/rules'))).toEqual(['102', '200']);
  });

  it('of a try that fails come before the response of the next try', async () => {
    users.answerWith((socket) => socket.end(HINTS), interim(102) + ok('hello'));
    expect(statusLines(await get())).toEqual(['103', '102', '200']);
  });

  it('are not stored', async () => {
    users.answerWith(HINTS + ok('hello'));
    expect(statusLines(await get('/cached'))).toEqual(['103', '200']);
    expect(statusLines(await get('/cached'))).toEqual(['200']);
  });

  it('do not delay the final response when there are many', async () => {
    users.answerWith((HINTS + CONTINUE).repeat(1_000) + ok('hello'));
    expect(answersIn(await get()).at(-1)).toMatchObject({ status: 200, body: 'hello' });
  });

  it('do not extend the deadline', async () => {
    users.answerWith((socket) => {
      const timer = setInterval(() => socket.write(HINTS), 20);
      socket.on('close', () => clearInterval(timer));
    });
    expect(statusLines(await get('/hasty')).at(-1)).toBe('504');
  });
});

describe('an unasked 100 Continue', () => {
  it('is dropped on a connection that is used again', async () => {
    users.answerWith(CONTINUE + ok(CONTINUE));
    for (let i = 0; i < 3; i++) {
      const response = await gw.fetch('/users', { method: 'POST', body: 'hello' });
      expect([response.status, await response.text()]).toEqual([200, CONTINUE]);
    }
    expect(users.connections).toBeLessThanOrEqual(1);
  });

  it('is dropped when it arrives in pieces', async () => {
    users.answerWith((socket) => {
      socket.setNoDelay().write(CONTINUE.slice(0, 11));
      setImmediate(() => socket.write(CONTINUE.slice(11) + ok('hello')));
    });
    expect(await (await gw.fetch('/users')).text()).toBe('hello');
  });
});
