import type { Socket } from 'node:net';
import { type buildConnector, Client, type Pool } from 'undici';
import type { HostAddresses } from './host-addresses.js';

type Factory = NonNullable<Pool.Options['factory']>;

/**
 * Makes the connections of a `Pool`, which follow their host in DNS: a connection to an address that the host no longer
 * has ends as soon as it carries no request. New connections go to the host's current addresses.
 */
export function followingClients(addresses: HostAddresses): Factory {
  let current: ReadonlySet<string> | undefined;
  addresses.changed.on((changed) => (current = changed));
  return (origin, options: Client.Options) => {
    // A pool gives its clients a connector, whatever it was given itself.
    const connect = options.connect as buildConnector.connector;
    let socket: Socket | null = null;
    // It is read once, because the socket asks the system each time.
    let remoteAddress = '';
    const client = new Client(origin, {
      ...options,
      connect: (to, done) =>
        connect(to, (...result) => {
          socket = result[1];
          remoteAddress = socket?.remoteAddress ?? '';
          done(...result);
        }),
    });
    const retireIfGone = () => {
      if (!socket || !current || current.has(remoteAddress) || client.stats.running > 0) return;
      socket.destroy();
      socket = null;
    };
    const forget = addresses.changed.on(retireIfGone);
    client.on('drain', retireIfGone).once('connectionError', forget);
    // An upgraded connection belongs to its tunnel, and no longer to the pool.
    client.on('disconnect', () => (socket = null));
    return client;
  };
}
