import type { Socket } from 'node:net';
import { type buildConnector, Client, type Pool } from 'undici';
import type { HostAddresses } from './host-addresses.js';

type Factory = NonNullable<Pool.Options['factory']>;

/**
 * Connections that follow their host: one to an address that is not the host's any more ends as soon as nothing
 * is under way on it. New ones go where the host is now.
 */
export class FollowingClients {
  private readonly clients = new Set<FollowingClient>();
  private current: ReadonlySet<string> | undefined;

  constructor(addresses: HostAddresses) {
    addresses.changed.on((current) => {
      this.current = current;
      for (const each of this.clients) each.retireIfGone();
    });
  }

  /** For `Pool`: makes its connections. */
  readonly factory: Factory = (origin, options: Client.Options) => {
    const following = new FollowingClient(origin, options, (address) => this.current?.has(address) ?? true);
    this.clients.add(following);
    following.client.once('connectionError', () => this.clients.delete(following));
    return following.client;
  };
}

class FollowingClient {
  readonly client: Client;
  private socket: Socket | undefined;
  /** Of the far end; asked once, because the socket asks the system each time. */
  private address = '';

  constructor(
    origin: URL,
    options: Client.Options,
    private readonly isCurrent: (address: string) => boolean,
  ) {
    // A pool hands its clients the connector it has made.
    const connect = options.connect as buildConnector.connector;
    this.client = new Client(origin, {
      ...options,
      connect: (to, done) =>
        connect(to, (...result) => {
          this.connected(result[1]);
          done(...result);
        }),
    });
    this.client.on('drain', () => this.retireIfGone());
    // An upgraded connection is the tunnel's, and none of the pool's any more.
    this.client.on('disconnect', () => (this.socket = undefined));
  }

  retireIfGone(): void {
    if (!this.socket || this.isCurrent(this.address) || this.client.stats.running > 0) return;
    this.socket.destroy();
    this.socket = undefined;
  }

  private connected(socket: Socket | null): void {
    this.socket = socket ?? undefined;
    this.address = socket?.remoteAddress ?? '';
  }
}
