import type { LookupFunction } from 'node:net';
import { buildConnector, Client, Pool } from 'undici';
import type { ConnectionOptions } from 'node:tls';
import type { UpstreamConfig } from '../../config/gateway-config.js';
import { FollowingClients } from '../dns/following-clients.js';
import type { HostAddresses } from '../dns/host-addresses.js';
import type { UpstreamRequest } from '../upstream.types.js';
import type { Call } from './call.js';
import { failCutStreams } from './cut-streams.js';
import { tlsOptions } from '../../config/tls-options.js';

/** Milliseconds. Much more than from a call to its stream, and little to an upstream. */
const HEAD_START = 20;

/** Sends requests to one origin over a bounded pool of keep-alive connections. */
export class Transport {
  /** How its connections are secured, for whoever makes one beside the pool. */
  readonly tls: ConnectionOptions;
  /** Whether HTTP/2 may be spoken. */
  readonly http2: boolean;
  private readonly pool: Pool;
  /** Beside one of HTTP/2, for requests that are not safe there. */
  private http1: Pool | undefined;
  private readonly origin: string;
  private readonly pathPrefix: string;

  /** @param addresses of the target's host, if it is a name */
  constructor(
    target: string,
    private readonly config: UpstreamConfig,
    private readonly addresses?: HostAddresses,
  ) {
    const url = new URL(target);
    this.origin = url.origin;
    this.pathPrefix = url.pathname.replace(/\/$/, '');
    this.tls = tlsOptions(config.tls);
    this.http2 = config.http2;
    this.pool = this.newPool(config.http2);
  }

  /** How connections find the target; `undefined` when its host is an address. */
  get lookup(): LookupFunction | undefined {
    return this.addresses?.lookup;
  }

  /** @param remaining milliseconds the upstream has to answer in; it is told, and may give up in time */
  dispatch(request: UpstreamRequest, call: Call, remaining: number): void {
    let headers = [...(request.headers ?? []), 'X-Request-Deadline', String(Math.floor(remaining))];
    if (request.contentLength !== undefined) headers.push('content-length', String(request.contentLength));
    // undici joins the lines of a field for HTTP/2, and knows a second `Cookie` only by its lower-case name.
    const isHttp2 = this.http2 && isSafeOverHttp2(request);
    if (isHttp2) headers = headers.map((each, i) => (i % 2 === 0 ? each.toLowerCase() : each));
    const pool = isHttp2 || !this.http2 ? this.pool : (this.http1 ??= this.newPool(false));
    const upgrade = request.upgrade?.protocol;
    pool.dispatch(
      {
        upgrade,
        method: request.method,
        path: this.pathPrefix + request.path,
        headers,
        body: request.body ?? null,
        headersTimeout: isHttp2 ? headTime(call.timeout) : 0,
      },
      call,
    );
  }

  /**
   * Asks for the status of a path as requests do, but on a connection of its own: what stands says nothing of
   * whether another one can be made.
   *
   * @param path below the origin
   * @throws the signal's reason, or the error of the connection
   */
  async status(path: string, signal: AbortSignal): Promise<number> {
    const client = new Client(this.origin, { connect: this.connector(this.http2), allowH2: this.http2 });
    try {
      const { statusCode, body } = await client.request({ method: 'GET', path, signal });
      body.on('error', () => undefined).destroy();
      return statusCode;
    } finally {
      await client.destroy();
    }
  }

  /** Ends every connection at once. */
  async destroy(): Promise<void> {
    this.addresses?.stop();
    await Promise.all([this.pool.destroy(), this.http1?.destroy()]);
  }

  private newPool(http2: boolean): Pool {
    const { pool, timeout, bodyTimeout } = this.config;
    const { addresses } = this;
    return new Pool(this.origin, {
      connections: pool.connections,
      pipelining: 1,
      connect: this.connector(http2),
      ...(addresses && { factory: new FollowingClients(addresses).factory }),
      bodyTimeout,
      // The call has a deadline of its own, exact and from the moment it was made. This one is for requests that
      // an HTTP/2 connection does not even take.
      headersTimeout: http2 ? timeout : 0,
      allowH2: http2,
    });
  }

  private connector(http2: boolean): buildConnector.connector {
    const { addresses } = this;
    const connect = buildConnector({
      timeout: this.config.connectTimeout,
      autoSelectFamily: true,
      ...this.tls,
      ...(addresses && { lookup: addresses.lookup }),
      allowH2: http2,
      preferH2: http2,
    });
    return http2 ? failCutStreams(connect) : connect;
  }
}

/**
 * Node gets into an endless loop, now and then, when a request over HTTP/2 is given up while its body is on its way
 * (26.10, undici 8). And a connection that is upgraded leaves its pool, which one of HTTP/2 cannot.
 */
function isSafeOverHttp2({ body, upgrade }: UpstreamRequest): boolean {
  return body === undefined && upgrade === undefined;
}

/**
 * A stream over a connection that is dead, without a word of it, runs into its time. When that is undici's and not
 * the call's, undici asks for a sign of life, sends nothing more there meanwhile, and ends the connection without one.
 *
 * @returns milliseconds
 */
function headTime(timeout: number): number {
  return Math.max(timeout - HEAD_START, timeout / 2);
}
