import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, inSeconds, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const yaml = (more: string) => `
auth: { main: { secret: "${SECRET}", algorithms: [HS256], ${more} } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
const start = (more: string) => gateway(yaml(more)).withUpstream('users', recording().handler).startOnce();
const strict = start('issuer: https://idp.example/, audience: [gw, gw-admin]');
const exact = start('clockSkew: 0');
const lenient = start('clockSkew: 2m');
const RIGHT = { iss: 'https://idp.example/', aud: 'gw' };

async function status(claims: Record<string, unknown>, gw = strict): Promise<number> {
  return (await gw.fetch('/1', { headers: bearer(claims) })).status;
}

describe('a token is accepted', () => {
  it.each([
    ['for one audience', {}],
    ['for another of the audiences', { aud: 'gw-admin' }],
    ['for several audiences, if one of them is ours', { aud: ['other', 'gw'] }],
    ['when it expired within the skew of clocks', { exp: inSeconds(-30) }],
    ['when it begins within the skew of clocks', { nbf: inSeconds(30) }],
    ['when it has begun', { nbf: inSeconds(-30), iat: inSeconds(-30) }],
  ])('%s', async (_, claims) => {
    expect(await status({ ...RIGHT, ...claims })).toBe(200);
  });
});

describe('a token is refused', () => {
  it.each([
    ['when it has expired', { exp: inSeconds(-90) }],
    ['when it never expires', { exp: undefined }],
    ['when its end is text', { exp: String(inSeconds(3600)) }],
    ['when its end is text that is no number', { exp: 'never' }],
    ['when its end is null', { exp: null }],
    ['when its end is negative', { exp: -1 }],
    ['when its end is 0', { exp: 0 }],
    ['when its end is a list', { exp: [inSeconds(3600)] }],
    ['when its subject is a fraction', { sub: 1.5 }],
    ['when its subject is a number that JSON parsers round', { sub: 2 ** 60 }],
    ['when it was issued in the future', { iat: inSeconds(90) }],
    ['when its end is far beyond any date', { exp: 1e300 }],
    ['when its end is in milliseconds', { exp: inSeconds(3600) * 1000 }],
    ['when it has not begun', { nbf: inSeconds(90) }],
    ['when its begin is text', { nbf: String(inSeconds(-30)) }],
    ['when it is for another audience', { aud: 'other' }],
    ['when it is for an audience that only begins like ours', { aud: 'gw-' }],
    ['when ours only begins like its audience', { aud: 'g' }],
    ['when its audiences are others', { aud: ['other', 'gw-x'] }],
    ['when it is for nobody', { aud: undefined }],
    ['when its audiences are none', { aud: [] }],
    ['when it is from another issuer', { iss: 'https://idp.example.evil.test/' }],
    ['when its issuer lacks a slash', { iss: 'https://idp.example' }],
    ['when it is from nobody', { iss: undefined }],
    ['when its issuer is a list', { iss: ['https://idp.example/'] }],
    ['when its issuer is an object', { iss: { url: 'https://idp.example/' } }],
  ])('%s', async (_, claims) => {
    expect(await status({ ...RIGHT, ...claims })).toBe(401);
  });

  it('beyond the configured clockSkew', async () => {
    expect(await status({ exp: inSeconds(-2) }, exact)).toBe(401);
    expect(await status({ nbf: inSeconds(5) }, exact)).toBe(401);
    expect(await status({ exp: inSeconds(-90) }, lenient)).toBe(200);
  });

  it('when it expires after it was accepted', async () => {
    const headers = bearer({ exp: inSeconds(2) });
    expect((await exact.fetch('/1', { headers })).status).toBe(200);
    await until(
      'the token is refused',
      async () => (await exact.fetch('/1', { headers })).status === 401,
      4_000,
    );
  });
});
