// The services of this example: `node services.ts site` or `node services.ts api`. Each prints its port as JSON.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Service = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

const file = (name: string) => readFileSync(new URL(`site/${name}`, import.meta.url));
const page = file('index.html');
const script = file('app.js');

const services: Record<string, Service> = {
  site: ({ url }, response) => {
    if (url === '/app.js') {
      // Bundlers put a hash into the name of a script, so it can be cached for a long time.
      response.setHeader('Cache-Control', 'max-age=300');
      response.setHeader('Content-Type', 'text/javascript; charset=utf-8').end(script);
    } else {
      // The application maps paths to views itself.
      response.setHeader('Content-Type', 'text/html; charset=utf-8').end(page);
    }
  },

  api: async (request, response) => {
    if (request.url === '/api/login' && request.method === 'POST') {
      const { name, password } = (await json(request)) as { name?: string; password?: string };
      if (typeof name !== 'string' || password !== 'open sesame')
        answer(response, 401, { error: 'wrong password' });
      else answer(response, 200, { token: tokenFor(name) });
    } else if (request.url === '/api/products') {
      answer(response, 200, { products: [{ id: 1, name: 'Lighthouse lamp' }], at: new Date().toISOString() });
    } else if (request.url === '/api/me') {
      // The gateway has verified the token, and removes this header from client requests.
      answer(response, 200, { user: request.headers['x-user-id'] });
    } else answer(response, 404, { error: 'not found' });
  },
};

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** A token for an hour. A real service uses an identity provider, or a library. */
function tokenFor(sub: string): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp })}`;
  return `${signed}.${createHmac('sha256', process.env['JWT_SECRET'] ?? '')
    .update(signed)
    .digest('base64url')}`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const service = services[process.argv[2] ?? ''];
if (!service) throw new Error(`usage: node services.ts ${Object.keys(services).join('|')}`);

const server = createServer((request, response) => {
  if (request.url === '/health') {
    response.end();
    return;
  }
  Promise.resolve(service(request, response)).catch(() => answer(response, 400, { error: 'bad request' }));
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
