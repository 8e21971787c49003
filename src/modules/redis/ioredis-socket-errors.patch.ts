/*
 * Patch of ioredis 5.11: a socket keeps a listener for errors.
 *
 * ioredis removes its own listener after the first error of a connection. A connection that is given up during the TLS
 * handshake may emit a second error (the peer's alert), which without a listener ends the process. The patch can go when
 * ioredis-socket-errors.patch.spec.ts passes without it.
 */
import { SentinelConnector } from 'ioredis';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

interface Connector {
  connect: (this: Connector, ...args: unknown[]) => Promise<Socket>;
}

const standalone = createRequire(import.meta.url)('ioredis/built/connectors/StandaloneConnector.js') as {
  readonly default: typeof SentinelConnector;
};

for (const { prototype } of [standalone.default, SentinelConnector]) {
  // Both are connectors, but the type of the second declares other events.
  const connector = prototype as unknown as Connector;
  const { connect } = connector;
  connector.connect = async function (...args) {
    const stream = await connect.apply(this, args);
    return stream.on('error', () => {});
  };
}
