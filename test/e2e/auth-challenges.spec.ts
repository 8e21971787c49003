import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { SECRET, token } from '../support/tokens.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

const gw = gateway(YAML).withUpstream('users', recording().handler).startOnce();

async function challenge(headers: Record<string, string>) {
  const response = await gw.fetch('/1', { headers });
  const text = await response.text();
  return { status: response.status, challenge: response.headers.get('www-authenticate'), text };
}

describe('a 401', () => {
  it.each([
    ['no token', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
  ])('challenges without an error code for a request with %s', async (_, headers) => {
    const { status, challenge: said, text } = await challenge(headers);
    expect(status).toBe(401);
    expect(said).toMatch(/^Bearer realm="[^"]+"$/);
    expect(JSON.parse(text)).toMatchObject({ code: 'token_missing' });
  });

  it.each([
    ['is expired', token({ exp: 1 })],
    ['is no token', 'nonsense'],
    ['was signed by somebody else', token({}, { key: 'another secret of more than 32 bytes, for tests' })],
  ])('reports invalid_token when the token %s', async (_, bad) => {
    const { status, challenge: said, text } = await challenge({ authorization: `Bearer ${bad}` });
    expect(status).toBe(401);
    expect(said).toMatch(/^Bearer realm="[^"]+", error="invalid_token", error_description="[^"\\]+"$/);
    expect(JSON.parse(text)).toMatchObject({ code: 'token_invalid' });
  });

  it('never contains the token', async () => {
    const bad = token({ exp: 1, email: 'alice@example.com' });
    const { challenge: said, text } = await challenge({ authorization: `Bearer ${bad}` });
    const parts = [bad, ...bad.split('.'), 'alice', SECRET];
    expect(parts.filter((part) => `${said}${text}`.includes(part))).toEqual([]);
  });
});
