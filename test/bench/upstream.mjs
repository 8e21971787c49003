// The service behind every contender: one JSON body of 460 bytes, as cheaply as node:http gives it. Prints one JSON
// line with its port when it listens.
import { createServer } from 'node:http';

/** 460 bytes once encoded. */
const order = {
  id: 'ord-000042',
  user: 'alice',
  status: 'shipped',
  total: { amount: 12_950, currency: 'EUR' },
  lines: [
    { sku: 'lighthouse-lamp', quantity: 1, price: 8900 },
    { sku: 'forty-metres-of-rope', quantity: 2, price: 1500 },
    { sku: 'harbour-chart', quantity: 1, price: 1050 },
  ],
  address: { street: 'Quay 7', city: 'Hamburg', country: 'DE' },
  createdAt: '2026-01-05T09:30:00.000Z',
  note: '',
};
const missing = 460 - Buffer.byteLength(JSON.stringify(order));
const body = Buffer.from(JSON.stringify({ ...order, note: '.'.repeat(missing) }));
const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length };

const server = createServer((req, res) => {
  req.resume();
  res.writeHead(200, headers).end(body);
});
// Longer than any run: contenders wait for their turn, and a connection that closes under one is no result.
server.keepAliveTimeout = 3_600_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
