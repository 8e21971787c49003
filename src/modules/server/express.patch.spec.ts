import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import express from 'express';
import { expect, it } from 'vitest';
import { listen } from '../../../test/support/gateway.js';
import { messageClasses } from './express.patch.js';

/** @returns the prototypes that a request and its response have before and behind Express */
async function prototypes(app: express.Express, serverWith: (listener: RequestListener) => Server) {
  const seen: unknown[][] = [];
  const note: RequestListener = (...messages) =>
    void seen.push(messages.map((each): unknown => Object.getPrototypeOf(each)));
  app.use((req, res) => {
    note(req, res);
    res.end();
  });
  const server = serverWith((req, res) => {
    note(req, res);
    app(req, res);
  });
  await fetch(await listen(server));
  return seen;
}

it('Express gives each message other prototypes than those of Node', async () => {
  const [before, behind] = await prototypes(express(), (listener) => createServer(listener));
  expect(before).toEqual([IncomingMessage.prototype, ServerResponse.prototype]);
  expect(before?.map((each, i) => each === behind?.[i])).toEqual([false, false]);
});

it('messages of the patched classes keep their prototypes', async () => {
  const app = express();
  const [before, behind] = await prototypes(app, (listener) => createServer(messageClasses(app), listener));
  expect(before?.map((each, i) => each === behind?.[i])).toEqual([true, true]);
});
