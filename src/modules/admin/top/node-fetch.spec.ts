import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { closedPort } from '../../../../test/support/closed-port.js';
import { listen } from '../../../../test/support/gateway.js';
import { nodeFetch } from './node-fetch.js';

const headers = { authorization: 'Bearer x' };
const signal = new AbortController().signal;

it('gets a response, with headers of the request', async () => {
  const url = await listen(createServer((req, res) => res.writeHead(201).end(req.headers.authorization)));
  const response = await nodeFetch(url, { headers, signal });
  expect([response.status, await response.text()]).toEqual([201, 'Bearer x']);
});

it('gets a response without a body', async () => {
  const url = await listen(createServer((_req, res) => res.writeHead(204).end()));
  expect(await nodeFetch(url, { headers, signal })).toMatchObject({ status: 204, body: null });
});

it('fails with the code of the system, or why it was aborted', async () => {
  await expect(nodeFetch(await closedPort(), { headers, signal })).rejects.toThrow(/^ECONNREFUSED$/);
  const reason = new Error('too late');
  const aborted = nodeFetch(await closedPort(), { headers, signal: AbortSignal.abort(reason) });
  await expect(aborted).rejects.toBe(reason);
});

it('asks ports that web pages must not reach', async () => {
  // Nothing listens there, or something else does. `fetch` answers neither.
  const asked = nodeFetch('http://127.0.0.1:10080/', { headers, signal });
  expect(await asked.then(String, String)).toMatch(/Response|ECONNREFUSED|ECONNRESET|HPE_/);
});
