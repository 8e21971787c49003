import type { ServerOptions } from 'node:http';
import type { ServerConfig } from '../config/gateway-config.js';

/** Of the server, as the configuration has them. */
export type HttpSettings = Pick<
  ServerConfig,
  | 'maxHeaderBytes'
  | 'headersTimeout'
  | 'requestIdleTimeout'
  | 'requestTimeout'
  | 'receiveMinRate'
  | 'sendTimeout'
  | 'sendMinRate'
  | 'keepAliveTimeout'
  | 'errors'
>;

/** Node's own 30 s would let a slow-header client live on long after its timeout. */
const TIMEOUT_CHECK_INTERVAL_MS = 500;

const TCP_KEEP_ALIVE_DELAY_MS = 60_000;

/** @returns what a server for clients is created with */
export function serverOptions(limits: HttpSettings): ServerOptions {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeout,
    // `refuseSlowSenders` has a limit for each route.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    // A client that has vanished would keep a quiet event stream open for ever.
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_DELAY_MS,
    insecureHTTPParser: false,
    // A request without a body needs no stream; it is at its end from the start.
    optimizeEmptyRequests: true,
    // Refused by the exchange, in our form; Node's refusal has no body and no id.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
  };
}
