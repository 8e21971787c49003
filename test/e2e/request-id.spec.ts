import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';
import { fieldsOf, recording } from '../support/recording.js';

const TRUSTING = `server: { trustProxy: [127.0.0.1] }\n${ONE_ROUTE}`;
const MADE = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const users = recording();
const plain = gateway(ONE_ROUTE).withUpstream('users', users.handler).startOnce();
const trusting = gateway(TRUSTING).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

async function ids(gw: typeof plain, ...fields: string[]) {
  const [answer] = answersIn(await raw(gw.url, requestHead('GET /1', 'Connection: close', ...fields)));
  return { upstream: fieldsOf(users.requests[0]!, 'x-request-id'), client: answer?.headers['x-request-id'] };
}

describe('the request id', () => {
  it('is generated and sent to both sides', async () => {
    const { upstream, client } = await ids(plain);
    expect(upstream).toEqual([expect.stringMatching(MADE)]);
    expect(client).toEqual(upstream);
  });

  it('is unique', async () => {
    await Promise.all([plain.fetch('/1'), plain.fetch('/1'), plain.fetch('/1')]);
    expect(new Set(users.requests.map(({ headers }) => headers['x-request-id'])).size).toBe(3);
  });

  it('is not taken from a client', async () => {
    const { upstream, client } = await ids(plain, 'X-Request-Id: mine');
    expect(upstream).toEqual([expect.stringMatching(MADE)]);
    expect(client).toEqual(upstream);
  });

  it('is taken from a trusted proxy', async () => {
    const given = 'edge-1.eu/01J9-abc+d=_~';
    expect(await ids(trusting, `X-Request-Id: ${given}`)).toEqual({ upstream: [given], client: [given] });
  });

  it.each([
    ['has blanks', 'X-Request-Id: a b'],
    ['is quoted', 'X-Request-Id: "a"'],
    ['is not ASCII', 'X-Request-Id: Zo\xeb'],
    ['is empty', 'X-Request-Id: '],
    ['is too long', `X-Request-Id: ${'a'.repeat(129)}`],
    ['is there twice', 'X-Request-Id: a\r\nX-Request-Id: b'],
  ])('is not taken from a trusted proxy when it %s', async (_, field) => {
    const { upstream, client } = await ids(trusting, field);
    expect(upstream).toEqual([expect.stringMatching(MADE)]);
    expect(client).toEqual(upstream);
  });

  it('replaces the request id of an upstream response', async () => {
    const theirs = rawUpstream(ok('hello', 'X-Request-Id: of-the-upstream'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', theirs.server).start();
    const [answer] = answersIn(await raw(gw.url, requestHead('GET /1', 'Connection: close')));
    expect(answer?.headers['x-request-id']).toEqual([expect.stringMatching(MADE)]);
  });
});
