// http-proxy-middleware on Express, as its README sets it up, with nothing added but what makes it faster: an agent
// that keeps connections to the upstream.
import { Agent, createServer } from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { listen } from './listen.mjs';

const app = express();
app.use(
  createProxyMiddleware({
    target: process.argv[2],
    agent: new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 }),
  }),
);

listen(createServer(app));
