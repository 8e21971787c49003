import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { Baseline, canTakeBaseline } from '../support/baseline.js';
import { Bulk, digestOf, MIB } from '../support/bulk.js';
import { listen } from '../support/gateway.js';
import { spawnInspected } from '../support/spawn-inspected.js';
import { watchPeak } from '../support/memory.js';
import { metric } from '../support/metrics.js';
import type { GatewayProcess } from '../support/process.js';
import { RawConnection } from '../support/raw-connection.js';
import { requestHead } from '../support/http.js';
import { type LineOptions, badLine } from '../support/bad-line.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';

/** Delay in milliseconds, each way; a request and its response take twice as long. */
const DELAY = 300;
/** Bytes per second. */
const RATE = MIB;
/** Far more bytes than the sockets between the client and the far end of the line hold. */
const LARGE = 160 * MIB;
/** The most that may be in transit: sockets, both processes and their garbage. */
const ON_ITS_WAY_MIB = 50;

/** Counts what it reads of an upload, answers `/bulk` with a few bytes, and sends events on `/events` when told. */
class Service {
  read = 0;
  events: ServerResponse | undefined;
  sent: Bulk | undefined;

  handle(req: IncomingMessage, res: ServerResponse): void {
    req.on('data', (chunk: Buffer) => (this.read += chunk.length)).on('error', () => undefined);
    if (req.method === 'PUT') return;
    if (req.url === '/far/bulk') {
      this.sent = new Bulk(MIB / 2);
      this.sent.readable().pipe(res);
    } else if (req.url === '/far/events') {
      this.events = res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
    } else res.end('fine');
  }
}

interface Scene {
  readonly gateway: GatewayProcess;
  readonly service: Service;
  readonly isOver: () => Promise<void>;
}

/**
 * Starts a gateway in front of a service that it reaches directly and through a bad line.
 *
 * @param timeout of the upstream behind the line
 */
async function start(line: LineOptions, timeout = '20s'): Promise<Scene> {
  const service = new Service();
  const server = createServer((req, res) => service.handle(req, res));
  const near = await listen(webSocketUpstream(undefined, { server }).server);
  const far = await badLine(near, line);
  const gateway = await spawnInspected(`
    server: { host: 127.0.0.1, port: 0, maxBodyBytes: 256MiB, requestTimeout: 5m }
    management: { port: 0 }
    upstreams:
      far: { url: "${far.url}", timeout: ${timeout}, retry: { attempts: 0 } }
      near: { url: "${near}", timeout: 20s, retry: { attempts: 0 } }
    routes:
      - { id: hasty, match: { path: /far/hasty }, upstream: far, timeout: ${DELAY / 2}ms }
      - { id: far, match: { path: /far/** }, upstream: far, websocket: true }
      - { id: near, match: { path: /near }, upstream: near, timeout: 10s }
  `);
  const baseline = await Baseline.of(gateway);
  const isOver = async () => {
    server.closeAllConnections();
    await baseline.holds();
  };
  return { gateway, service, isOver };
}

describe.skipIf(!canTakeBaseline)('a slow line to an upstream', { timeout: 180_000 }, () => {
  it('causes timeouts only on routes with a shorter timeout', async () => {
    const { gateway, isOver } = await start({ delay: DELAY });
    const answered: string[] = [];
    const ask = async (path: string) => {
      const { statusCode, body } = await request(gateway.url + path, { reset: true });
      answered.push(`${path} ${statusCode}`);
      return [statusCode, await body.text()];
    };
    for (let i = 0; i < 4; i++) {
      answered.length = 0;
      const [far, hasty, near] = await Promise.all([ask('/far/1'), ask('/far/hasty'), ask('/near')]);
      expect([far, near]).toEqual([
        [200, 'fine'],
        [200, 'fine'],
      ]);
      expect(hasty).toEqual([504, expect.stringContaining('"code":"upstream_timeout"')]);
      // No request waits for the slowest one.
      expect(answered.at(-1)).toBe('/far/1 200');
    }
    const deadline = (labels: object) =>
      metric(gateway.managementUrl, 'breakwater_requests_total', { outcome: 'deadline', ...labels });
    expect([await deadline({ route: 'hasty' }), await deadline({})]).toEqual([4, 4]);
    expect(await metric(gateway.managementUrl, 'breakwater_breaker_transitions_total')).toBe(0);
    await isOver();
  });

  it('slows fast senders down while the memory of the gateway stays flat', async () => {
    const { gateway, service, isOver } = await start({ rate: RATE });
    expect(await (await fetch(`${gateway.url}/far/1`, { headers: { connection: 'close' } })).text()).toBe(
      'fine',
    );
    const peak = await watchPeak(gateway.process.child.pid);
    const usual = await peak();

    const bulk = new Bulk(LARGE);
    const left = new AbortController();
    const headers = { 'content-length': String(LARGE) };
    const upload = request(`${gateway.url}/far/1`, {
      method: 'PUT',
      body: bulk.readable(),
      headers,
      signal: left.signal,
    }).catch((error: Error) => error.name);
    await until('a part of it is there', () => service.read > 2 * MIB);
    const onItsWay = (bulk.bytes - service.read) / MIB;
    const grownBy = (await peak()) - usual;

    // Other requests have their own connection and its full rate.
    const { body } = await request(`${gateway.url}/far/bulk`, { reset: true });
    expect(await digestOf(body)).toEqual(service.sent?.digest());
    expect(await (await fetch(`${gateway.url}/near`, { headers: { connection: 'close' } })).text()).toBe(
      'fine',
    );

    left.abort();
    expect(await upload).toBe('AbortError');
    expect(onItsWay).toBeLessThan(ON_ITS_WAY_MIB);
    expect(grownBy).toBeLessThan(ON_ITS_WAY_MIB);
    await isOver();
  });

  it('carries events and WebSockets for longer than the timeout', async () => {
    const { gateway, service, isOver } = await start({ delay: DELAY, rate: RATE }, '3s');
    const client = await RawConnection.to(gateway.url);
    client.send(requestHead('GET /far/events', 'Connection: close'));
    const socket = await WebSocketClient.open(`${gateway.url}/far/socket`);
    const events = await until('the stream is open', () => service.events);
    const names = Array.from({ length: 6 }, (_, i) => `data: ${i}\n\n`);
    for (const [i, event] of names.entries()) {
      events.write(event);
      socket.socket.send(String(i));
      await client.until(event);
      await until('the echo', () => socket.messages.length > i);
    }
    events.end();
    await client.ended();
    expect(client.received.match(/data: \d\n\n/g)).toEqual(names);
    expect(socket.messages).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(socket.closed).toBeUndefined();
    socket.socket.close(1000);
    await until('it is closed', () => socket.closed);
    await isOver();
  });
});
