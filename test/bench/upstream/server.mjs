// The service behind every contender where there is no nginx: one JSON body of 460 bytes, or a body of the size that the path
// says, as cheaply as node:http gives it. Prints one JSON line with its port when it listens.
import { createServer } from 'node:http';
import { bodyPath, bodySizes } from './bodies.mjs';
import { order } from './order.mjs';

const answer = (body, type) => ({ body, headers: { 'Content-Type': type, 'Content-Length': body.length } });
const json = answer(Buffer.from(JSON.stringify(order)), 'application/json');
const bodies = new Map(
  bodySizes.map((bytes) => [bodyPath(bytes), answer(Buffer.alloc(bytes, 'x'), 'application/octet-stream')]),
);

const server = createServer((req, res) => {
  req.resume();
  const { body, headers } = bodies.get(req.url) ?? json;
  res.writeHead(200, headers).end(body);
});
// Longer than any run, so that no connection closes while a contender waits for its turn.
server.keepAliveTimeout = 3_600_000;
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
