// httpxy behind node:http, with an agent that keeps connections to the upstream.
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'httpxy';
import { listen } from './listen.mjs';

const agent = new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 });
const proxy = createProxyServer({ target: process.argv[2], agent });
listen(
  createServer((req, res) => {
    proxy.web(req, res).catch(() => res.destroy());
  }),
);
