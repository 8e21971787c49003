import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const withFault = (fault: string) => `
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, fault: ${fault} }]
`;

describe('an injected fault', () => {
  it('answers with its status instead of the upstream, without a vote', async () => {
    const users = recording();
    const gw = await gateway(withFault('{ abort: { status: 418 } }'))
      .withUpstream('users', users.handler)
      .start();
    for (const body of [undefined, 'a body']) {
      const response = await gw.fetch('/', { method: 'POST', body });
      expect(response.status).toBe(418);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ code: 'fault_injected', status: 418 });
    }
    expect(users.requests).toEqual([]);
    const labels = 'route="users",method="POST",status="418",outcome="fault_injected"';
    expect(await until('it is counted', () => gw.metric(`breakwater_requests_total{${labels}}`))).toBe(2);
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
  });

  it('delays the request, body included', async () => {
    const gw = await gateway(withFault('{ delay: { for: 50ms } }'))
      .withUpstream('users', recording().handler)
      .start();
    const startedAt = performance.now();
    const response = await gw.fetch('/', { method: 'POST', body: 'late' });
    expect(await response.json()).toMatchObject({ body: 'late' });
    expect(performance.now() - startedAt).toBeGreaterThan(45);
  });

  it('sends no request upstream after the client disconnected', async () => {
    const users = recording();
    const gw = await gateway(withFault('{ delay: { for: 1h } }'))
      .withUpstream('users', users.handler)
      .start();
    const socket = connect(Number(new URL(gw.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => socket.write(requestHead('GET /'), () => resolve()));
    socket.destroy();
    const series = 'breakwater_requests_total{route="users",method="GET",status="499",outcome="client_gone"}';
    await until('it is counted', () => gw.metric(series));
    expect(users.requests).toEqual([]);
  });

  it('rejects a body that is too large after the delay', async () => {
    const yaml = withFault('{ delay: { for: 1ms } }').replace('fault:', 'maxBodyBytes: 1B, fault:');
    const gw = await gateway(yaml).withUpstream('users', recording().handler).start();
    const response = await gw.fetch('/', { method: 'POST', body: 'too large' });
    expect(await response.json()).toMatchObject({ code: 'body_too_large' });
  });
});
