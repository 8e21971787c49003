import { SentinelConnector } from 'ioredis';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

interface Connector {
  connect: (this: Connector, ...args: unknown[]) => Promise<Socket>;
}

const standalone = createRequire(import.meta.url)('ioredis/built/connectors/StandaloneConnector.js') as {
  readonly default: typeof SentinelConnector;
};

/**
 * ioredis listens to the first error of a connection alone. One that is given up while TLS is being agreed on may have
 * another, the peer's alert, which would end the process.
 */
for (const { prototype } of [standalone.default, SentinelConnector]) {
  // Both are connectors, of which the second has a type of its own for what it emits.
  const connector = prototype as unknown as Connector;
  const { connect } = connector;
  connector.connect = async function (...args) {
    const stream = await connect.apply(this, args);
    return stream.on('error', () => {});
  };
}
