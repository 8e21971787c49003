import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const yaml = (limits: string) => `
server: { limits: { ${limits} } }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { events: { url: "\${EVENTS_URL}" }, chat: { url: "\${CHAT_URL}" } }
routes:
  - { id: events, match: { path: /events }, upstream: events }
  - { id: chat, match: { path: /chat }, upstream: chat, websocket: true }`;

async function start(limits: string) {
  const open: ServerResponse[] = [];
  const chat = webSocketUpstream();
  const gw = await gateway(yaml(limits))
    .withUpstream('events', (req, res) => {
      if (req.headers['x-plain']) {
        res.end('plain');
        return;
      }
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      open.push(res);
      res.on('close', () => open.splice(open.indexOf(res), 1));
    })
    .withUpstream('chat', chat.server)
    .start();
  return { gw, open };
}

const headersOf = (sub: string) => bearer({ sub });

it('limits the event streams and WebSockets of a user together', async () => {
  const { gw, open } = await start('streamsPerUser: 2');
  const alice = { headers: headersOf('alice') };
  const leaving = new AbortController();
  const stream = await gw.fetch('/events', { ...alice, signal: leaving.signal });
  expect(stream.status).toBe(200);
  const socket = await WebSocketClient.open(`${gw.url}/chat`, alice);
  const refused = await gw.fetch('/events', alice);
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: 'too_many_concurrent' });
  expect((await gw.fetch('/chat', { headers: { ...alice.headers } })).status).not.toBe(429);
  await expect(WebSocketClient.open(`${gw.url}/chat`, alice)).rejects.toThrow('429');
  // The upstream has no stream more than the client.
  await until('the refused one is closed', () => open.length === 1);
  // Requests that are no streams have no such limit, and others have their own.
  expect((await gw.fetch('/events', { headers: { ...alice.headers, 'x-plain': '1' } })).status).toBe(200);
  const bob = await gw.fetch('/events', { headers: headersOf('bob') });
  expect(bob.status).toBe(200);
  await bob.body?.cancel();

  socket.socket.close();
  await until('its place is free', async () => {
    const next = await gw.fetch('/events', alice);
    await next.body?.cancel();
    return next.status === 200;
  });
  leaving.abort();
});

it('does not count open streams among the requests of a user', async () => {
  const { gw } = await start('streamsPerUser: 5, requestsPerUser: 1');
  const alice = { headers: headersOf('alice') };
  const streams = [await gw.fetch('/events', alice), await gw.fetch('/events', alice)];
  const socket = await WebSocketClient.open(`${gw.url}/chat`, alice);
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  expect((await gw.fetch('/events', { headers: { ...alice.headers, 'x-plain': '1' } })).status).toBe(200);
  for (const stream of streams) await stream.body?.cancel();
  socket.socket.close();
});
