// The service behind every contender: one JSON body of 460 bytes, as cheaply as node:http gives it. Prints one JSON
// line with its port when it listens.
import { createServer } from 'node:http';
import { order } from './order.mjs';

const body = Buffer.from(JSON.stringify(order));
const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': body.length };

const server = createServer((req, res) => {
  req.resume();
  res.writeHead(200, headers).end(body);
});
// Longer than any run, so that no connection closes while a contender waits for its turn.
server.keepAliveTimeout = 3_600_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
