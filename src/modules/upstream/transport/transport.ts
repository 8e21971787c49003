import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { buildConnector, Client, type Dispatcher, Pool } from 'undici';
import { type Clock, LONG_STALL } from '../../../common/clock.js';
import type { UpstreamConfig } from '../../config/gateway-config.js';
import { tlsOptions } from '../../config/tls-options.js';
import { followingClients } from '../dns/following-clients.js';
import type { HostAddresses } from '../dns/host-addresses.js';
import type { UpstreamRequest } from '../upstream.types.js';
import type { Call } from './call.js';
import { onReset } from './reset-as-end.patch.js';
import { ownServerName, SAME_SERVER_NAME } from './server-name.patch.js';
import { ContinueFilter } from './unasked-continue.patch.js';

/** Sends requests to one origin over a bounded pool of keep-alive HTTP/1.1 connections. */
export class Transport {
  /** How its connections are secured. Probes make their own connections with it. */
  readonly tls: ConnectionOptions;
  private readonly connect: () => Pool;
  private pool: Pool;
  /** Pools that carry their last calls, and when those are over. */
  private readonly retired = new Map<Pool, Promise<void>>();
  private isRetired = false;
  private readonly pathPrefix: string;
  /** Stalls of this process until the pool was last used. */
  private lostBefore: number;

  /** @param addresses of the target's host; `undefined` when the host is an address itself */
  constructor(
    target: string,
    { tls, pool, connectTimeout, maxHeaderBytes }: UpstreamConfig,
    private readonly clock: Clock,
    private readonly addresses?: HostAddresses,
  ) {
    const { origin, pathname } = new URL(target);
    this.pathPrefix = pathname.replace(/\/$/, '');
    this.tls = tlsOptions(tls);
    const options: Pool.Options = {
      // The bulkhead lets no call wait for one of them, except for the turn in which it becomes free.
      connections: pool.connections ?? null,
      pipelining: 1,
      // undici offers HTTP/2 by default.
      allowH2: false,
      connect: buildConnector({
        timeout: connectTimeout,
        autoSelectFamily: true,
        allowH2: false,
        ...this.tls,
        ...(addresses && { lookup: addresses.lookup }),
      }),
      factory: addresses ? followingClients(addresses, Connection.open) : Connection.open,
      maxHeaderSize: maxHeaderBytes,
      keepAliveTimeout: pool.keepAlive,
      // For an upstream that announces a longer time.
      keepAliveMaxTimeout: pool.keepAlive,
      // The call has timeouts of its own, which are exact and know whether it is the upstream that is slow.
      bodyTimeout: 0,
      headersTimeout: 0,
    };
    this.connect = () => new Pool(origin, options);
    this.pool = this.connect();
    this.lostBefore = clock.lostMs?.() ?? 0;
  }

  /** @param remaining milliseconds in which the upstream has to answer; a header announces them to it */
  dispatch(request: UpstreamRequest, call: Call, remaining: number): void {
    const headers = [...(request.headers ?? []), 'X-Request-Deadline', String(Math.floor(remaining))];
    if (request.contentLength !== undefined) headers.push('content-length', String(request.contentLength));
    this.retireAfterStall();
    this.pool.dispatch(
      {
        ...SAME_SERVER_NAME,
        upgrade: request.upgrade?.protocol,
        method: request.method,
        path: this.pathPrefix + request.path,
        headers,
        body: request.body ?? null,
        // By default undici closes the connection after a HEAD, and after a body of a method that needs none. A HEAD that is
        // answered with a body still closes it, because nothing may follow a response.
        reset: request.upgrade ? undefined : false,
      },
      call,
    );
    // The connection would be idle for all of `keepAlive`, as nobody uses it again.
    if (this.isRetired) this.replacePool();
  }

  /**
   * The target is not configured any more: idle connections end now, and those that carry a call end with it. So does the
   * connection of a request that began before the change and is sent after it.
   */
  async retire(): Promise<void> {
    this.isRetired = true;
    this.addresses?.stop();
    this.replacePool();
    await Promise.all(this.retired.values());
  }

  /** Ends every connection at once. */
  async destroy(): Promise<void> {
    this.addresses?.stop();
    await Promise.all([this.pool, ...this.retired.keys()].map((pool) => pool.destroy()));
  }

  /**
   * While this process stood still, the upstream may have closed connections that were idle. A request that is sent over
   * one before the end of the connection is read would fail, so none of them is used again.
   */
  private retireAfterStall(): void {
    const lost = this.clock.lostMs?.() ?? 0;
    const stall = lost - this.lostBefore;
    this.lostBefore = lost;
    if (stall >= LONG_STALL) this.replacePool();
  }

  private replacePool(): void {
    const { pool } = this;
    this.pool = this.connect();
    const closed = pool.close().finally(() => this.retired.delete(pool));
    this.retired.set(pool, closed);
  }
}

/** One connection of the pool. */
class Connection extends Client {
  /** Missing while there is none. After an upgrade it belongs to the tunnel, and no longer to the pool. */
  socket: Socket | undefined;
  /** That of the socket. */
  reset: Error | undefined;
  private hasUploads = false;
  private readonly continues = new ContinueFilter();

  static open(this: void, origin: URL, options: object): Connection {
    // A pool gives its clients a connector, whatever it was given itself.
    const { connect } = options as { connect: buildConnector.connector };
    const connection: Connection = new Connection(origin, {
      ...options,
      connect: (to, done) =>
        connect(ownServerName(to), (...result) => {
          if (result[1]) connection.use(result[1]);
          done(...result);
        }),
    });
    return connection.on('disconnect', () => (connection.socket = undefined));
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // `Transport` dispatches nothing else.
    (handler as Call).connection = this;
    // A pool gives it one request at a time.
    this.continues.isHeadDue = true;
    if (options.body && !this.hasUploads) {
      this.hasUploads = true;
      if (this.socket) this.tolerateFailedWrites(this.socket);
    }
    return super.dispatch(options, handler);
  }

  private use(socket: Socket): void {
    this.socket = socket;
    this.continues.attach(socket, () => this.socket === socket);
    this.reset = undefined;
    onReset(socket, (error) => {
      if (this.socket === socket) this.reset = error;
    });
    if (this.hasUploads) this.tolerateFailedWrites(socket);
  }

  /**
   * An upstream may answer an upload early and close the connection without having read all of it, so that writing the
   * rest fails. Node would destroy the socket, and with it the answer that has arrived and was not read yet. Here such a
   * write succeeds: the rest of the upload goes nowhere, and the reading side finds the answer, or the end of the
   * connection, which follows at once.
   */
  private tolerateFailedWrites(socket: Socket): void {
    const write = socket._write.bind(socket);
    const writeAll = socket._writev?.bind(socket);
    const tolerant =
      (callback: WriteCallback): WriteCallback =>
      (error) =>
        callback(error && this.socket === socket && isClosedByUpstream(error) ? null : error);
    socket._write = (chunk, encoding, callback) => write(chunk, encoding, tolerant(callback));
    socket._writev = (chunks, callback) => writeAll?.(chunks, tolerant(callback));
  }
}

type WriteCallback = (error?: Error | null) => void;

function isClosedByUpstream(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
