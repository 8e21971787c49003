// The services of this example: `node services.ts catalog`, `prices` or `orders`. Each prints its port as JSON.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

type Service = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

const products = new Map([
  ['1', { id: '1', name: 'Lighthouse lamp' }],
  ['2', { id: '2', name: 'Harbour chart' }],
]);
const orders: object[] = [];
let calls = 0;

const services: Record<string, Service> = {
  catalog: ({ url = '' }, response) => {
    const product = products.get(url.split('/')[2] ?? '');
    if (url === '/products') answer(response, 200, { products: [...products.values()] });
    else answer(response, product ? 200 : 404, product ?? { error: 'not found' });
  },

  prices: ({ url = '' }, response) => {
    calls++;
    if (calls % 3 === 0) answer(response, 503, { error: 'try again' });
    else answer(response, 200, { price: 100 * Number(url.split('/')[2]), currency: 'EUR' });
  },

  orders: async (request, response) => {
    if (request.method === 'POST') {
      const order = { ...((await json(request)) as object), of: request.headers['x-user-id'] };
      orders.push(order);
      answer(response, 201, order);
    } else answer(response, 200, { orders });
  },
};

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
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
