// http-proxy-middleware as a middleware of a Nest application on Express. Nest's body parser is off, since it would read
// the bodies that are to be forwarded.
import 'reflect-metadata';
import { Agent, createServer } from 'node:http';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { listen } from './listen.mjs';

class App {}
Module({})(App);

const app = await NestFactory.create(App, { logger: false, bodyParser: false });
app.use(
  createProxyMiddleware({
    target: process.argv[2],
    agent: new Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256 }),
  }),
);
await app.init();
listen(createServer(app.getHttpAdapter().getInstance()));
