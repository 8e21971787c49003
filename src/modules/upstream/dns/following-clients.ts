import type { Socket } from 'node:net';
import type { Client, Pool } from 'undici';
import type { HostAddresses } from './host-addresses.js';

type Factory = NonNullable<Pool.Options['factory']>;

/** A client that tells its socket while it is connected. */
type Connection = Client & { readonly socket: Socket | undefined };

/**
 * Makes the connections of a `Pool`, which follow their host in DNS: a connection to an address that the host no longer
 * has ends as soon as it carries no request. New connections go to the host's current addresses.
 *
 * @param open makes one of them
 */
export function followingClients(
  addresses: HostAddresses,
  open: (...args: Parameters<Factory>) => Connection,
): Factory {
  let current: ReadonlySet<string> | undefined;
  addresses.changed.on((changed) => (current = changed));
  return (origin, options) => {
    const connection = open(origin, options);
    // It is read once, because the socket asks the system each time.
    let remoteAddress = '';
    const retireIfGone = () => {
      const { socket } = connection;
      if (!socket || !current || current.has(remoteAddress) || connection.stats.running > 0) return;
      socket.destroy();
    };
    const forget = addresses.changed.on(retireIfGone);
    return connection
      .on('connect', () => (remoteAddress = connection.socket?.remoteAddress ?? ''))
      .on('drain', retireIfGone)
      .once('connectionError', forget);
  };
}
