import { createServer, type RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { HttpService } from '@nestjs/axios';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { closedPort } from '../../../test/support/closed-port.js';
import { listen } from '../../../test/support/gateway.js';
import { recording } from '../../../test/support/recording.js';
import { fetchJson } from './fetch-json.js';

const PATIENT = 20_000;
const options = { timeout: PATIENT, maxBytes: 1_000, signal: new AbortController().signal };
const fetchFrom = (url: string, more: object = {}) =>
  fetchJson(new HttpService(), url, { ...options, ...more });

async function fetched(answer: RequestListener, more: object = {}) {
  return fetchFrom(await listen(createServer(answer)), more);
}

describe('fetchJson', () => {
  it('parses the body as JSON, whatever its content type', async () => {
    expect(await fetched((_req, res) => void res.end('{"a":[1]}'))).toEqual({ a: [1] });
    expect(
      await fetched((_req, res) => {
        res.writeHead(200, { 'content-type': 'application/jwk-set+json', 'content-encoding': 'gzip' });
        res.end(gzipSync('"text"'));
      }),
    ).toBe('text');
  });

  it.each<[string, string, RequestListener]>([
    ['a status', 'status', (_req, res) => void res.writeHead(404).end('{}')],
    ['a status that is good for something else', 'status', (_req, res) => void res.writeHead(201).end('{}')],
    ['no JSON', 'malformed', (_req, res) => void res.end('<html>')],
    ['nothing', 'malformed', (_req, res) => void res.end()],
    ['too much', 'too_large', (_req, res) => void res.end(JSON.stringify('x'.repeat(1_000)))],
    [
      'too much, when it is unpacked',
      'too_large',
      (_req, res) => {
        res.writeHead(200, { 'content-encoding': 'gzip' });
        res.end(gzipSync(JSON.stringify('x'.repeat(1_000_000))));
      },
    ],
    [
      'half of it',
      'unreachable',
      (_req, res) => {
        res.writeHead(200, { 'content-length': 9 });
        res.write('{', () => res.destroy());
      },
    ],
    ['no HTTP', 'unreachable', (req) => void req.socket.end('SSH-2.0\r\n')],
  ])('fails on %s: %s', async (_, failure, answer) => {
    await expect(fetched(answer)).rejects.toMatchObject({ failure, message: failure });
  });

  it('fails when the server is unreachable or too slow, and when it is aborted', async () => {
    await expect(fetchFrom(await closedPort())).rejects.toMatchObject({ failure: 'unreachable' });
    const silent: RequestListener = () => undefined;
    await expect(fetched(silent, { timeout: 20 })).rejects.toMatchObject({ failure: 'timeout' });
    await expect(fetched(silent, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      failure: 'unreachable',
    });
  });

  it('follows no redirect and uses no proxy of the environment', async () => {
    const elsewhere = recording((_req, res) => void res.end('{}'));
    const url = await listen(createServer(elsewhere.handler));
    for (const status of [301, 302, 303, 307, 308]) {
      const redirect: RequestListener = (_req, res) => void res.writeHead(status, { location: url }).end();
      await expect(fetched(redirect)).rejects.toMatchObject({ failure: 'status' });
    }
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) vi.stubEnv(name, url);
    for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, '');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await fetched((_req, res) => void res.end('1'))).toBe(1);
    expect(elsewhere.requests).toHaveLength(0);
  });
});
