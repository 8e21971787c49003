import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const PREFLIGHT = { origin: 'https://app.example.com', 'access-control-request-method': 'PUT' };
const THEIRS = {
  'access-control-allow-origin': 'https://app.example.com',
  'access-control-allow-methods': 'PUT',
  vary: 'Origin',
};

describe('without `cors` in the configuration', () => {
  it.each(['OPTIONS', 'GET'])('CORS headers of the upstream pass through: %s', async (method) => {
    const users = recording((_req, res) => void res.writeHead(200, THEIRS).end());
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const { headers } = await gw.fetch('/1', { method, headers: PREFLIGHT });
    expect(Object.fromEntries(headers)).toMatchObject(THEIRS);
    expect(users.requests[0]?.headers).toMatchObject({ origin: PREFLIGHT.origin });
  });

  it('the gateway adds no CORS headers', async () => {
    const users = recording((_req, res) => void res.end());
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const { headers } = await gw.fetch('/1', { method: 'OPTIONS', headers: PREFLIGHT });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers.get('vary')).toBeNull();
  });
});
