import type { ConnectionOptions } from 'node:tls';
import { buildConnector, Pool } from 'undici';
import type { UpstreamConfig } from '../../config/gateway-config.js';
import { tlsOptions } from '../../config/tls-options.js';
import { followingClients } from '../dns/following-clients.js';
import type { HostAddresses } from '../dns/host-addresses.js';
import type { UpstreamRequest } from '../upstream.types.js';
import type { Call } from './call.js';

/** Sends requests to one origin over a bounded pool of keep-alive HTTP/1.1 connections. */
export class Transport {
  /** How its connections are secured. Probes make their own connections with it. */
  readonly tls: ConnectionOptions;
  private readonly pool: Pool;
  private readonly pathPrefix: string;

  /** @param addresses of the target's host; `undefined` when the host is an address itself */
  constructor(
    target: string,
    { tls, pool, connectTimeout, bodyTimeout }: UpstreamConfig,
    private readonly addresses?: HostAddresses,
  ) {
    const { origin, pathname } = new URL(target);
    this.pathPrefix = pathname.replace(/\/$/, '');
    this.tls = tlsOptions(tls);
    this.pool = new Pool(origin, {
      connections: pool.connections,
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
      ...(addresses && { factory: followingClients(addresses) }),
      bodyTimeout,
      // The call has a deadline of its own, which is exact and starts when the call is made.
      headersTimeout: 0,
    });
  }

  /** @param remaining milliseconds in which the upstream has to answer; a header announces them to it */
  dispatch(request: UpstreamRequest, call: Call, remaining: number): void {
    const headers = [...(request.headers ?? []), 'X-Request-Deadline', String(Math.floor(remaining))];
    if (request.contentLength !== undefined) headers.push('content-length', String(request.contentLength));
    this.pool.dispatch(
      {
        upgrade: request.upgrade?.protocol,
        method: request.method,
        path: this.pathPrefix + request.path,
        headers,
        body: request.body ?? null,
      },
      call,
    );
  }

  /** Ends every connection at once. */
  async destroy(): Promise<void> {
    this.addresses?.stop();
    await this.pool.destroy();
  }
}
