import type { Socket } from 'node:net';
import { type buildConnector, Client, type Pool } from 'undici';
import type { HostAddresses } from './host-addresses.js';

type Factory = NonNullable<Pool.Options['factory']>;

/**
 * The connections of a pool, which follow their host in DNS: a connection to an address that the host no longer has ends
 * as soon as it carries no request. New connections go to the host's current addresses.
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

  /** Makes the connections of a `Pool`. */
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
  /** The remote address. It is read once, because the socket asks the system each time. */
  private address = '';

  constructor(
    origin: URL,
    options: Client.Options,
    private readonly isCurrent: (address: string) => boolean,
  ) {
    // A pool gives its clients a connector, whatever it was given itself.
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
    // An upgraded connection belongs to its tunnel, and no longer to the pool.
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
