// Runs @fastify/http-proxy with its defaults: no log, undici and its keep-alive pool. Idle clients are kept as long as by
// Breakwater.
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';

const server = Fastify({ keepAliveTimeout: 65_000 });
server.register(httpProxy, { upstream: process.argv[2] });
await server.listen({ port: 0, host: '127.0.0.1' });
console.log(JSON.stringify({ port: server.server.address().port }));
