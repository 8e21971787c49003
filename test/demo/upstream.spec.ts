import { describe, expect, it } from 'vitest';
import { spawnUpstream } from '../support/process.js';

const post = (url: string, body?: object) => fetch(url, { method: 'POST', body: JSON.stringify(body) });

/** @returns the status, or the name of the error without a response in time */
const answerOf = (url: string) =>
  fetch(url, { signal: AbortSignal.timeout(200) }).then(
    ({ status }) => status,
    (error: Error) => error.name,
  );

describe('a demo upstream', () => {
  it('serves its own paths and names the user', async () => {
    const { url, process } = await spawnUpstream('users');

    const response = await fetch(`${url}/users/alice`, { headers: { 'x-user-id': 'bob' } });

    expect(response.headers.get('x-demo-served-by')).toBe(`users:${process.child.pid}`);
    expect(await response.json()).toEqual({ id: 'alice', name: 'Alice Example', servedFor: 'bob' });
    expect((await fetch(`${url}/users/nobody`)).status).toBe(404);
    expect((await fetch(`${url}/orders`)).status).toBe(404);
  });

  it('lists, filters and creates orders', async () => {
    const { url } = await spawnUpstream('orders');

    const created = await post(`${url}/orders`, { user: 'carol', item: 'Anchor' });

    expect(created.status).toBe(201);
    const { id } = (await created.json()) as { id: string };
    expect(await (await fetch(`${url}/orders?user=carol`)).json()).toMatchObject({
      orders: [{ id, user: 'carol', item: 'Anchor' }],
    });
    expect((await post(`${url}/orders`)).status).toBe(400);
  });

  it('delays responses by its latency, but not health', async () => {
    const { url } = await spawnUpstream('users', { latencyMs: 60_000 });

    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await answerOf(`${url}/users`)).toBe('TimeoutError');
  });

  it('fails on command, health included, until told to recover', async () => {
    const { url } = await spawnUpstream('users');

    await post(`${url}/_demo/fail?status=502`);
    expect((await fetch(`${url}/users`)).status).toBe(502);
    expect((await fetch(`${url}/health`)).status).toBe(502);

    await post(`${url}/_demo/ok`);
    expect((await fetch(`${url}/users`)).status).toBe(200);
  });

  it('hangs on command, health included', async () => {
    const { url } = await spawnUpstream('users');

    await post(`${url}/_demo/hang`);

    expect(await answerOf(`${url}/users`)).toBe('TimeoutError');
    expect(await answerOf(`${url}/health`)).toBe('TimeoutError');
  });

  it('sends what is not HTTP on command, health included, until told to recover', async () => {
    const { url } = await spawnUpstream('users');

    await post(`${url}/_demo/corrupt`);
    for (const path of ['users', 'health']) {
      await expect(fetch(`${url}/${path}`)).rejects.toMatchObject({ cause: { name: 'HTTPParserError' } });
    }

    await post(`${url}/_demo/ok`);
    expect((await fetch(`${url}/users`)).status).toBe(200);
  });

  it('becomes slow and quick again on command', async () => {
    const { url } = await spawnUpstream('users');

    await post(`${url}/_demo/slow?ms=60000`);
    expect(await answerOf(`${url}/users`)).toBe('TimeoutError');

    await post(`${url}/_demo/ok`);
    expect((await fetch(`${url}/users`)).status).toBe(200);
  });

  it('answers the command to stop and exits', async () => {
    const { url, process } = await spawnUpstream('users');

    expect((await post(`${url}/_demo/stop`)).status).toBe(200);

    expect(await process.exited).toBe(0);
  });

  it('exits at once on SIGTERM, also with requests in flight', async () => {
    const { url, process } = await spawnUpstream('users', { latencyMs: 60_000 });
    const inFlight = fetch(`${url}/users`).catch(() => 'cut');
    await fetch(`${url}/health`); // This request is sent later, so that the other one has arrived.

    process.kill('SIGTERM');

    expect(await process.exited).toBe(0);
    expect(await inFlight).toBe('cut');
  });

  it('rejects an unknown name', async () => {
    await expect(spawnUpstream('parcels' as 'users')).rejects.toThrow('usage: ');
  });
});
