import { createServer, type RequestListener } from 'node:http';
import { expect, it } from 'vitest';
import { browserOnce, describeWithBrowser } from '../support/browser.js';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { SECRET, token } from '../support/tokens.js';
import { until } from '../support/until.js';
import { webSocketUpstream } from '../support/websocket.js';

/** Two more origins than that of the gateway, whose ports differ: the first one may call, the second one may not. */
const YAML = `
server: { cors: { origins: ["\${APP_URL}"], credentials: true } }
auth:
  main: { secret: "${SECRET}", algorithms: [HS256], cookie: session }
upstreams: { users: { url: "\${USERS_URL}" } }
routes:
  - { id: chat, match: { path: /chat }, upstream: users, websocket: true }
  - { id: users, match: { path: /users/** }, upstream: users, auth: none }
  - { id: locked, match: { path: /locked/** }, upstream: users, auth: none, securityHeaders: {} }
`;
const GOOD = token();
const REFUSED = 'breakwater_requests_total{route="chat",method="GET",status="403",outcome="rejected"}';
const PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';

const emptyPage: RequestListener = (_req, res) =>
  void res.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>page</title>');

const answer: RequestListener = ({ url = '' }, res) => {
  const exposed = { 'x-total': '7', 'x-internal': 'secret', 'access-control-expose-headers': 'X-Total' };
  if (url.endsWith('.svg')) res.writeHead(200, { 'content-type': 'image/svg+xml' }).end(PIXEL);
  else if (url.endsWith('.js'))
    res.writeHead(200, { 'content-type': 'text/javascript' }).end('var loaded = 1');
  else res.writeHead(503, { 'retry-after': '9', ...exposed }).end('busy');
};

function start(): Promise<RunningGateway> {
  const users = webSocketUpstream(
    (socket, headers) => socket.send(`${headers['x-user-id']} ${headers['cookie'] ?? 'no cookie'}`),
    { server: createServer(answer) },
  );
  return gateway(YAML)
    .withUpstream('users', users.server)
    .withUpstream('app', emptyPage)
    .withUpstream('foreign', emptyPage)
    .start();
}

/** @returns an expression for the subprotocol and the first message of a WebSocket, or for its close code */
const webSocket = ({ url }: RunningGateway, protocols: readonly string[]) => `new Promise((resolve) => {
  const socket = new WebSocket('${url.replace('http', 'ws')}/chat', ${JSON.stringify(protocols)});
  socket.onmessage = ({ data }) => resolve(socket.protocol + ': ' + data);
  socket.onclose = ({ code }) => resolve('closed: ' + code);
})`;

/** @returns an expression for the headers that a page can read, and the status */
const fetched = ({ url }: RunningGateway) => `fetch('${url}/users/1').then(
  ({ status, headers }) => ({ status, names: [...headers.keys()] }),
  ({ name }) => name,
)`;

/** @returns an expression for whether a page can use an element from this address */
const element = (tag: string, src: string) => `new Promise((resolve) => {
  const element = document.createElement('${tag}');
  element.onload = () => resolve('used');
  element.onerror = () => resolve('blocked');
  element.src = '${src}';
  document.head.append(element);
})`;

describeWithBrowser('a page in a browser', () => {
  const open = browserOnce();

  it('opens a WebSocket with a token among the subprotocols', async () => {
    const gw = await start();
    const page = await open(gw.urlOf('app'));
    expect(await page.evaluate(webSocket(gw, ['bearer', GOOD]))).toBe('bearer: alice no cookie');
  });

  it('opens a WebSocket with a token in a cookie', async () => {
    const gw = await start();
    const page = await open(gw.urlOf('app'));
    await page.setCookies(gw.url, { session: GOOD, theme: 'dark' });
    expect(await page.evaluate(webSocket(gw, []))).toBe(': alice theme=dark');
  });

  it('opens no WebSocket without a token', async () => {
    const gw = await start();
    const page = await open(gw.urlOf('app'));
    expect(await page.evaluate(webSocket(gw, []))).toBe('closed: 1006');
  });

  it.each([
    ['a token among the subprotocols', ['bearer', GOOD], {}],
    ['the cookie of its user', [], { session: GOOD }],
  ])('of a foreign origin opens no WebSocket with %s', async (_, protocols, cookies) => {
    const gw = await start();
    const page = await open(gw.urlOf('foreign'));
    await page.setCookies(gw.url, cookies);
    expect(await page.evaluate(webSocket(gw, protocols))).toBe('closed: 1006');
    await until('the handshake was refused for its origin', () => gw.metric(REFUSED));
  });

  it('reads the exposed headers of an answer, and no others', async () => {
    const gw = await start();
    const page = await open(gw.urlOf('app'));
    const { status, names } = await page.evaluate<{ status: number; names: string[] }>(fetched(gw));
    expect(status).toBe(503);
    expect(names).toEqual(expect.arrayContaining(['retry-after', 'x-request-id', 'x-total']));
    expect(names).not.toContain('x-internal');
  });

  it('of a foreign origin reads no answer', async () => {
    const gw = await start();
    const page = await open(gw.urlOf('foreign'));
    expect(await page.evaluate(fetched(gw))).toBe('TypeError');
  });

  it.each([
    ['img', '/users/pixel.svg'],
    ['script', '/users/library.js'],
  ])(
    'of any origin uses a cross-origin <%s> unless the route asks for the headers of helmet',
    async (tag, path) => {
      const gw = await start();
      const page = await open(gw.urlOf('foreign'));
      expect(await page.evaluate(element(tag, gw.url + path))).toBe('used');
      expect(await page.evaluate(element(tag, gw.url + path.replace('users', 'locked')))).toBe('blocked');
    },
  );
});
