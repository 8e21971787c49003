import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, type RawAnswer, rawUpstream } from '../support/raw-upstream.js';

const RESET: RawAnswer = (socket) => socket.resetAndDestroy();
const deliveries = (received: string) => received.match(/^POST \/orders /gm)?.length ?? 0;

describe('a POST', () => {
  it('is delivered once when the upstream resets a reused connection', async () => {
    const users = rawUpstream(ok('hello'), RESET, ok('a second try'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    expect(await (await gw.fetch('/1')).text()).toBe('hello');
    const response = await gw.fetch('/orders', { method: 'POST', body: 'one coffee' });
    expect(response.status).toBe(502);
    expect(users.connections).toBe(1);
    expect(deliveries(users.received)).toBe(1);
  });

  it('is delivered once without a body too', async () => {
    const users = rawUpstream(RESET, ok('a second try'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    expect((await gw.fetch('/orders', { method: 'POST' })).status).toBe(502);
    expect(deliveries(users.received)).toBe(1);
  });
});
