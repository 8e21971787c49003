import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';
import { application } from './application.js';

/** What a client of a path gets back for a message. */
async function answerOf(url: string, message: string): Promise<string | Buffer | undefined> {
  const client = await WebSocketClient.open(url);
  client.socket.send(message);
  await until('the answer is here', () => client.messages.length > 0);
  return client.messages[0];
}

const ROUTES = [
  ['no route', ''],
  ['a route without WebSockets', '{ id: all, match: { path: /** }, upstream: users }'],
  [
    'a route with WebSockets elsewhere',
    '{ id: w, match: { path: /w/** }, upstream: users, websocket: true }',
  ],
] as const;

it.each(ROUTES)('an application has WebSockets of its own beside %s', async (_, route) => {
  const yaml = `{ upstreams: { users: { url: "\${USERS_URL}" } }, routes: [${route}] }`;
  const { app, url } = await application({ yaml });
  webSocketUpstream((socket) => socket.on('message', (text) => socket.send(`own ${text.toString()}`)), {
    server: app.getHttpServer(),
    path: '/chat',
  });
  expect(await answerOf(`${url}/chat`, 'hello')).toBe('own hello');
  expect(await answerOf(`${url}/chat`, 'again')).toBe('own again');
});

it('a route with WebSockets takes its handshakes, and the other listener does not answer them', async () => {
  const live = await listen(webSocketUpstream().server);
  const { app, url } = await application({
    yaml: `
upstreams: { users: { url: "${live}" } }
routes: [{ id: w, match: { path: /w/** }, upstream: users, websocket: true }]`,
  });
  webSocketUpstream(undefined, { server: app.getHttpServer(), path: '/chat' });
  expect(await answerOf(`${url}/w/1`, 'hello')).toBe('hello');
  expect(await answerOf(`${url}/chat`, 'hello')).toBe('hello');
  await expect(WebSocketClient.open(`${url}/other`)).rejects.toThrow('400');
});

it('ignores Upgrade without a listener and without a route with WebSockets', async () => {
  const yaml = '{ upstreams: { users: { url: "${USERS_URL}" } }, routes: [] }';
  const { url } = await application({ yaml });
  await expect(WebSocketClient.open(`${url}/chat`)).rejects.toThrow('404');
});

it('does not hand over handshakes of clients that server.access denies', async () => {
  const yaml =
    '{ server: { access: { deny: [127.0.0.1] } }, upstreams: { users: { url: "${USERS_URL}" } }, routes: [] }';
  const { app, url } = await application({ yaml });
  webSocketUpstream(undefined, { server: app.getHttpServer(), path: '/chat' });
  await expect(WebSocketClient.open(`${url}/chat`)).rejects.toThrow('403');
});
