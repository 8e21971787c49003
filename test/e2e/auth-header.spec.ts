import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';
import { SECRET, token } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
const GOOD = token();

const users = recording();
const gw = gateway(YAML).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

async function answerTo(...fields: string[]) {
  const [answer] = answersIn(await raw(gw.url, requestHead('GET /1', 'Connection: close', ...fields)));
  return { status: answer?.status, calls: users.requests.length };
}

describe('the Authorization header', () => {
  it.each([`Bearer ${GOOD}`, `bearer ${GOOD}`, `BEARER ${GOOD}`, `Bearer   ${GOOD}  `])(
    'accepts the scheme in any case and with extra blanks: %.10s',
    async (value) => {
      expect(await answerTo(`Authorization: ${value}`)).toEqual({ status: 200, calls: 1 });
    },
  );

  it.each([
    ['twice the same', `Bearer ${GOOD}`, `Bearer ${GOOD}`],
    ['a good one first', `Bearer ${GOOD}`, 'Bearer bad'],
    ['a good one last', 'Basic YTpi', `Bearer ${GOOD}`],
  ])('gets a 400 when it is repeated: %s', async (_, first, second) => {
    const fields = [`Authorization: ${first}`, `authorization: ${second}`];
    expect(await answerTo(...fields)).toEqual({ status: 400, calls: 0 });
  });

  it.each([
    'Bearer',
    'Bearer ',
    GOOD,
    `Bearer${GOOD}`,
    `Bearer ${GOOD} ${GOOD}`,
    `Bearer ${GOOD}, Bearer ${GOOD}`,
    `Token ${GOOD}`,
    `Basic YTpi, Bearer ${GOOD}`,
    `Bearer "${GOOD}"`,
  ])('gets a 401 in any other form', async (value) => {
    expect(await answerTo(`Authorization: ${value}`)).toEqual({ status: 401, calls: 0 });
  });

  it('is the only source of tokens', async () => {
    const elsewhere: [path: string, init: RequestInit][] = [
      [`/1?access_token=${GOOD}`, {}],
      ['/1', { headers: { cookie: `access_token=${GOOD}; token=${GOOD}` } }],
      ['/1', { headers: { 'proxy-authorization': `Bearer ${GOOD}`, 'x-access-token': GOOD } }],
      ['/1', { method: 'POST', body: new URLSearchParams({ access_token: GOOD }) }],
    ];
    for (const [path, init] of elsewhere) expect((await gw.fetch(path, init)).status).toBe(401);
    expect(users.requests).toHaveLength(0);
  });

  it('gets a 431 when it exceeds the limit of the request head', async () => {
    expect(await answerTo(`Authorization: Bearer ${token({ large: 'x'.repeat(200_000) })}`)).toEqual({
      status: 431,
      calls: 0,
    });
  });
});
