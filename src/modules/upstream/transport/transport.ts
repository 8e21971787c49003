import type { LookupFunction } from 'node:net';
import { Pool, type Dispatcher } from 'undici';
import type { UpstreamConfig } from '../../config/gateway-config.js';
import { FollowingClients } from '../dns/following-clients.js';
import type { HostAddresses } from '../dns/host-addresses.js';
import type { UpstreamRequest } from '../upstream.types.js';

/** Sends requests to one origin over a bounded pool of keep-alive connections. */
export class Transport {
  private readonly pool: Pool;
  private readonly pathPrefix: string;

  /** @param addresses of the target's host, if it is a name */
  constructor(
    target: string,
    config: UpstreamConfig,
    private readonly addresses?: HostAddresses,
  ) {
    const url = new URL(target);
    this.pathPrefix = url.pathname.replace(/\/$/, '');
    this.pool = new Pool(url.origin, {
      connections: config.pool.connections,
      pipelining: 1,
      connect: {
        timeout: config.connectTimeout,
        autoSelectFamily: true,
        ...(addresses && { lookup: addresses.lookup }),
      },
      ...(addresses && { factory: new FollowingClients(addresses).factory }),
      bodyTimeout: config.bodyTimeout,
      // The call has a deadline of its own, exact and from the moment it was made.
      headersTimeout: 0,
      allowH2: false,
    });
  }

  /** How connections find the target; `undefined` when its host is an address. */
  get lookup(): LookupFunction | undefined {
    return this.addresses?.lookup;
  }

  /** @param remaining milliseconds the upstream has to answer in; it is told, and may give up in time */
  dispatch(request: UpstreamRequest, handler: Dispatcher.DispatchHandler, remaining: number): void {
    const headers = [...(request.headers ?? []), 'X-Request-Deadline', String(Math.floor(remaining))];
    if (request.contentLength !== undefined) headers.push('content-length', String(request.contentLength));
    this.pool.dispatch(
      { method: request.method, path: this.pathPrefix + request.path, headers, body: request.body ?? null },
      handler,
    );
  }

  /** Ends every connection at once. */
  async destroy(): Promise<void> {
    this.addresses?.stop();
    await this.pool.destroy();
  }
}
