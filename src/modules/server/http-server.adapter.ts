import { createServer, IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, RequestHandler } from 'express';
import type { ServerConfig } from '../config/gateway-config.js';
import { answerClientErrors, refuseConnect, refuseExpectations } from './client-error.js';
import { OpenResponses } from './open-responses.js';
import { answerUpgrades, decline, mayAnswer, mayUpgrade } from './upgrades.js';

/** What Nest makes of a controller's `{*path}`. */
const CATCH_ALL = '/{*path}';
/** Milliseconds. Node's own 30 s would let a slow-header client live on long after its timeout. */
const TIMEOUT_CHECK_INTERVAL = 500;

export type HttpLimits = Pick<
  ServerConfig,
  'maxHeaderBytes' | 'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout'
>;

/** Nest's Express adapter over a server with our limits, which Nest offers no option for. */
export class HttpServerAdapter extends ExpressAdapter {
  private readonly openResponses = new OpenResponses();

  /** @param webSockets whether any route takes them; otherwise `Upgrade` is ignored */
  constructor(
    private readonly limits: HttpLimits,
    private readonly webSockets = false,
  ) {
    super();
    this.set('x-powered-by', false);
    this.set('etag', false);
    this.set('case sensitive routing', true);
    this.set('strict routing', true);
  }

  /** From now on each answer is the last of its connection. */
  closeConnections(): void {
    this.openResponses.closeConnections();
  }

  /** Mounts a catch-all without its pattern: Express would match and decode every path for it. */
  // Typed as the base class does.
  // oxlint-disable-next-line typescript/no-explicit-any
  override all(...args: [path: any, handler?: any]): any {
    const [path, handler] = args;
    return path === CATCH_ALL ? this.use(handler as RequestHandler) : super.all(...args);
  }

  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    const classes = messageClasses(app);
    const { openResponses, webSockets } = this;
    const options = {
      ...serverOptions(this.limits),
      ...classes,
      shouldUpgradeCallback: (req: IncomingMessage) =>
        (webSockets && mayUpgrade(req, openResponses)) || decline(req),
    };
    const answer = (req: IncomingMessage, res: ServerResponse) => {
      if (!mayAnswer(req, res)) return;
      openResponses.add(res);
      app(req, res);
    };
    this.httpServer = createServer(options, answer);
    if (webSockets) answerUpgrades(this.httpServer, classes.ServerResponse, answer);
    answerClientErrors(this.httpServer, this.openResponses);
    refuseConnect(this.httpServer);
    refuseExpectations(this.httpServer);
  }
}

/**
 * Express gives each request and response its own prototypes, which is the dearest step of its whole pipeline.
 * Here they are made with them, and there is nothing left to change.
 */
function messageClasses(app: Express) {
  class AppRequest extends IncomingMessage {}
  class AppResponse<R extends IncomingMessage> extends ServerResponse<R> {}
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request);
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response);
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
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
    // A request without a body needs no stream; it is at its end from the start.
    optimizeEmptyRequests: true,
    // Refused by the exchange, in our form; Node's refusal has no body and no id.
    requireHostHeader: false,
    joinDuplicateHeaders: false,
  };
}
