// The services of this example: `node services.ts accounts` or `node services.ts invoices`. Each prints its port as JSON.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const invoices = [
  { id: '1', of: 'alice', total: 120 },
  { id: '2', of: 'alice', total: 80 },
];

const services: Record<string, (url: URL) => object | undefined> = {
  accounts: ({ pathname }) => (pathname === '/accounts/alice' ? { id: 'alice', name: 'Alice' } : undefined),
  invoices: ({ pathname, searchParams }) => {
    if (pathname === '/invoices') return invoices.filter(({ of }) => of === searchParams.get('of'));
    return invoices.find(({ id }) => pathname === `/invoices/${id}`);
  },
};

const service = services[process.argv[2] ?? ''];
if (!service) throw new Error(`usage: node services.ts ${Object.keys(services).join('|')}`);

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://service');
  const body = url.pathname === '/health' ? {} : service(url);
  response.writeHead(body ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body ?? { error: 'not found' }));
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
