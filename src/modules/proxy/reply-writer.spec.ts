import { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from '../config/config.store.js';
import type { CacheDecision, CacheHit, ResponseTap } from '../routing/cache-decision.js';
import { Exchange, type ExchangeHead } from '../routing/exchange.js';
import { ConcurrencyLimits } from '../rate-limit/concurrency-limits.service.js';
import type { BodySink, UpstreamResponse } from '../upstream/upstream.types.js';
import { EventStreams } from './event-streams.js';
import { ReplyWriter } from './reply-writer.js';

const HIT: CacheHit = {
  kind: 'hit',
  result: 'stale',
  status: 'Breakwater; fwd=stale; detail=stale-if-error',
  response: { status: 200, headers: { etag: '"1"' }, body: Buffer.from('old'), added: ['Age', '7'] },
};

describe('ReplyWriter.upstream', () => {
  it('writes the head in one piece with its own framing, and then the body', () => {
    const { reply, exchange, written } = start();
    const headers = { 'x-a': '1', connection: 'x-b', 'x-b': '2', 'transfer-encoding': 'chunked' };
    reply.upstream(exchange, response({ headers, contentLength: 2, body: 'ok' }));
    expect(written).toMatchObject({ status: 200, body: 'ok', isEnded: true });
    expect(fields(written)).toMatchObject({ 'x-a': '1', 'content-length': '2', 'x-request-id': 'id' });
    expect(Object.keys(fields(written))).not.toEqual(expect.arrayContaining(['x-b', 'transfer-encoding']));
  });

  it.each([204, 304])('writes no length for status %i', (status) => {
    const { reply, exchange, written } = start();
    reply.upstream(exchange, response({ status, contentLength: 0 }));
    expect(fields(written)).not.toHaveProperty('content-length');
  });

  it('writes the Cache-Status of the decision, and gives the body to the tap', () => {
    const seen: string[] = [];
    const tap: ResponseTap = {
      onHead: (head) => void seen.push(String(head.status)),
      onData: (chunk) => seen.push(String(chunk)),
      onEnd: () => void seen.push('end'),
    };
    const status = 'Breakwater; fwd=uri-miss';
    const { reply, exchange, written } = start({
      kind: 'forward',
      status,
      conditions: undefined,
      stale: undefined,
      tap,
    });
    reply.upstream(exchange, response({ body: 'new' }));
    expect(fields(written)['cache-status']).toBe(status);
    expect(seen).toEqual(['200', 'new', 'end']);
  });

  it('answers with the copy that the tap gives instead, and records it', () => {
    const { reply, exchange, written } = start({
      kind: 'forward',
      status: 'Breakwater; fwd=stale',
      conditions: undefined,
      stale: undefined,
      tap: { onHead: () => HIT, onData: () => undefined, onEnd: () => undefined },
    });
    reply.upstream(exchange, response({ status: 503, body: 'down' }));
    expect(written).toMatchObject({ status: 200, body: 'old' });
    expect(fields(written)['cache-status']).toBe(HIT.status);
    expect([exchange.cache, exchange.outcome]).toEqual([HIT, 'upstream_status']);
  });

  it('announces trailers only when the body is chunked', () => {
    const announced = (version: string, contentLength?: number) => {
      const { reply, exchange, written } = start(undefined, version);
      reply.upstream(exchange, response({ headers: { trailer: 'x-sum' }, contentLength }));
      return fields(written)['trailer'];
    };
    expect([announced('1.1'), announced('1.0'), announced('1.1', 5)]).toEqual([
      'x-sum',
      undefined,
      undefined,
    ]);
  });
});

describe('ReplyWriter.stored', () => {
  it('writes the copy with its length and what this use of it adds', () => {
    const { reply, exchange, written } = start();
    reply.stored(exchange, HIT);
    expect(written).toMatchObject({ status: 200, body: 'old', isEnded: true });
    expect(fields(written)).toMatchObject({ etag: '"1"', age: '7', 'content-length': '3' });
    expect([exchange.cache, exchange.outcome]).toEqual([HIT, 'cache_hit']);
  });

  it('adds nothing to the stored headers', () => {
    const { reply, exchange } = start();
    reply.stored(exchange, HIT);
    const again = start();
    reply.stored(again.exchange, { ...HIT, response: { ...HIT.response, added: undefined } });
    expect(Object.keys(fields(again.written)).filter((name) => name === 'age')).toEqual([]);
    expect(again.written.lines.filter((name) => name === 'Cache-Status')).toHaveLength(1);
  });
});

describe('ReplyWriter.problem', () => {
  it('writes a problem without Cache-Status, and closes the connection when the problem says so', () => {
    const { reply, exchange, written } = start({
      kind: 'bypass',
      status: 'Breakwater; fwd=bypass',
      tap: undefined,
    });
    reply.problem(exchange.res, exchange, new ProblemError('internal_error', { close: true }));
    expect(written.status).toBe(500);
    expect(JSON.parse(written.body)).toMatchObject({ code: 'internal_error', requestId: 'id' });
    expect(fields(written)).not.toHaveProperty('cache-status');
    expect(fields(written)).toMatchObject({ connection: 'close' });
  });

  it('says what the answer depends on, and sets no header before the head, which would be slow', () => {
    const { reply, exchange, written } = start(
      undefined,
      '1.1',
      '{ cors: { origins: [https://a.example] } }',
    );
    reply.problem(exchange.res, exchange, new ProblemError('internal_error', { close: true }));
    const varies = written.lines.filter((_, i) => written.lines[i - 1]?.toLowerCase() === 'vary');
    expect(varies).toEqual(['Accept', 'Origin']);
    expect(written.set).toEqual({});
  });

  it('cuts off an answer that has already begun', () => {
    const { reply, exchange, written } = start();
    reply.upstream(exchange, response({ contentLength: 5 }));
    reply.problem(exchange.res, exchange, new ProblemError('internal_error'));
    expect(written).toMatchObject({ status: 200, isDestroyed: true, isEnded: false });
  });
});

describe('ReplyWriter.fallback', () => {
  it('marks the configured answer as a fallback', () => {
    const { reply, exchange, written } = start();
    const answer = { status: 503, headers: { 'X-A': '1' }, body: { error: 'away' } };
    reply.fallback(exchange, answer, new ProblemError('internal_error'));
    expect(written).toMatchObject({ status: 503, body: '{"error":"away"}' });
    expect(fields(written)).toMatchObject({ 'x-a': '1', 'breakwater-fallback': 'response' });
  });
});

function start(cache?: CacheDecision, httpVersion = '1.1', server = '{}') {
  const config = configOf(`
    server: ${server}
    upstreams: { users: { url: "http://127.0.0.1:1" } }
    routes: [{ id: users, match: { path: /** }, upstream: users }]`);
  const accepts = ([first]: readonly string[]) => first;
  const req = { method: 'GET', headers: {}, httpVersion, complete: true, socket: {}, accepts };
  const written = new Written();
  const res = Object.assign(written, { req });
  const head = { id: 'id', match: { kind: 'none' }, config } as unknown as ExchangeHead;
  const exchange = new Exchange(req as unknown as Request, res as unknown as Response, head, 0);
  exchange.cache = cache;
  return {
    reply: new ReplyWriter(new ConfigStore(config), new EventStreams(), new ConcurrencyLimits()),
    exchange,
    written,
  };
}

/** What the client gets. */
class Written extends EventEmitter {
  status = 0;
  lines: string[] = [];
  body = '';
  isEnded = false;
  isDestroyed = false;
  readonly set: Record<string, unknown> = {};

  get headersSent(): boolean {
    return this.status !== 0;
  }

  writeHead(status: number, lines: string[]): void {
    this.status = status;
    this.lines = lines;
  }

  write(chunk: Uint8Array): boolean {
    this.body += String(chunk);
    return true;
  }

  end(chunk: Uint8Array | string = ''): void {
    this.body += String(chunk);
    this.isEnded = true;
  }

  hasHeader(): boolean {
    return false;
  }

  setHeader(name: string, value: unknown): void {
    this.set[name.toLowerCase()] = value;
  }

  flushHeaders(): void {}

  destroy(): void {
    this.isDestroyed = true;
  }
}

function fields({ lines }: Written): Record<string, string | undefined> {
  return Object.fromEntries(
    lines.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), lines[i + 1]]] : [])),
  );
}

interface Given extends Partial<Pick<UpstreamResponse, 'status' | 'headers' | 'contentLength'>> {
  /** The whole body. Without it, no byte of the body arrives. */
  readonly body?: string;
}

function response({ status = 200, headers = {}, contentLength, body }: Given): UpstreamResponse {
  const bytes = Buffer.from(body ?? '');
  // The writer uses nothing else of it.
  return {
    status,
    headers,
    contentLength,
    isDelimited: true,
    whole: () => (body === undefined ? undefined : { bytes, outcome: 'success' }),
    stream: (_sink: BodySink) => undefined,
  } as unknown as UpstreamResponse;
}
