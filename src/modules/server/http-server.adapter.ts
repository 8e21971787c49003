import { createServer, type ServerOptions } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { ServerConfig } from '../config/gateway-config.js';
import { answerClientErrors, refuseConnect, refuseExpectations } from './client-error.js';
import { OpenResponses } from './open-responses.js';

/** Milliseconds. Node's own 30 s would let a slow-header client live on long after its timeout. */
const TIMEOUT_CHECK_INTERVAL = 500;

export type HttpLimits = Pick<
  ServerConfig,
  'maxHeaderBytes' | 'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout'
>;

/** Nest's Express adapter over a server with our limits, which Nest offers no option for. */
export class HttpServerAdapter extends ExpressAdapter {
  private openResponses: OpenResponses | undefined;

  constructor(private readonly limits: HttpLimits) {
    super();
    this.set('x-powered-by', false);
    this.set('etag', false);
    this.set('case sensitive routing', true);
    this.set('strict routing', true);
  }

  /** From now on each answer is the last of its connection. */
  closeConnections(): void {
    this.openResponses?.closeConnections();
  }

  override initHttpServer(): void {
    this.httpServer = createServer(serverOptions(this.limits), this.getInstance());
    this.openResponses = new OpenResponses(this.httpServer);
    answerClientErrors(this.httpServer, this.openResponses);
    refuseConnect(this.httpServer);
    refuseExpectations(this.httpServer);
  }
}

function serverOptions(limits: HttpLimits): ServerOptions {
  return {
    maxHeaderSize: limits.maxHeaderBytes,
    // Node wants the shorter one to be the headers' one.
    headersTimeout: Math.min(limits.headersTimeout, limits.requestTimeout),
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL,
    insecureHTTPParser: false,
    // Refused by the exchange, in our form; Node's refusal has no body and no id.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
  };
}
