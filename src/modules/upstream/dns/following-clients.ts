import type { Socket } from 'node:net';
import { type buildConnector, Client, type Pool } from 'undici';
import type { HostAddresses } from './host-addresses.js';

type Factory = NonNullable<Pool.Options['factory']>;

/**
 * Makes the connections of a `Pool`, which follow their host in DNS: a connection to an address that the host no longer
 * has ends as soon as it carries no request. New connections go to the host's current addresses.
 */
export function followingClients(addresses: HostAddresses): Factory {
  const clients = new Set<FollowingClient>();
  let current: ReadonlySet<string> | undefined;
  addresses.changed.on((changed) => {
    current = changed;
    for (const each of clients) each.retireIfGone();
  });
  return (origin, options: Client.Options) => {
    const following = new FollowingClient(origin, options, (address) => current?.has(address) ?? true);
    clients.add(following);
    following.client.once('connectionError', () => clients.delete(following));
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
