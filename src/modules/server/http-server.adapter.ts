import { createServer, IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, RequestHandler, Response } from 'express';
import type { ServerConfig } from '../config/gateway-config.js';
import { answerClientErrors, refuseConnect, refuseExpectations } from './client-error.js';
import { OpenResponses } from './open-responses.js';
import { answerUpgrades, mayUpgrade } from './upgrades.js';

/** What Nest makes of a controller's `{*path}`. */
const CATCH_ALL = '/{*path}';
/** Milliseconds. Node's own 30 s would let a slow-header client live on long after its timeout. */
const TIMEOUT_CHECK_INTERVAL = 500;

export type HttpLimits = Pick<
  ServerConfig,
  'maxHeaderBytes' | 'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout'
>;

/** Whether a request is one that the catch-all answers, and no controller before it. */
export type IsForCatchAll = (req: Request, res: Response) => boolean;

/** Nest's Express adapter over a server with our limits, which Nest offers no option for. */
export class HttpServerAdapter extends ExpressAdapter {
  private readonly openResponses = new OpenResponses();
  private readonly catchAll: RequestHandler[] = [];
  private isForCatchAll: IsForCatchAll | undefined;

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

  /**
   * Takes requests to the handlers of the catch-all without Express, whose router costs more than all they pass on
   * their way there. They find the same request and response as behind it.
   */
  shortCut(isForCatchAll: IsForCatchAll): void {
    this.isForCatchAll = isForCatchAll;
  }

  /** Mounts a catch-all without its pattern: Express would match and decode every path for it. */
  // Typed as the base class does.
  // oxlint-disable-next-line typescript/no-explicit-any
  override all(...args: [path: any, handler?: any]): any {
    const [path, handler] = args;
    if (path !== CATCH_ALL) return super.all(...args);
    this.catchAll.push(handler as RequestHandler);
    return this.use(handler as RequestHandler);
  }

  override initHttpServer(): void {
    const app = this.getInstance<Express>();
    const classes = messageClasses(app);
    const { openResponses, webSockets } = this;
    const options = {
      ...serverOptions(this.limits),
      ...classes,
      shouldUpgradeCallback: (req: IncomingMessage) => webSockets && mayUpgrade(req, openResponses),
    };
    const answer = (req: IncomingMessage, res: ServerResponse) => {
      openResponses.add(res);
      // Made by the classes above.
      if (this.isForCatchAll?.(req as Request, res as Response)) this.answer(req as Request, res as Response);
      else app(req, res);
    };
    this.httpServer = createServer(options, answer);
    if (webSockets) answerUpgrades(this.httpServer, classes.ServerResponse, answer);
    answerClientErrors(this.httpServer, this.openResponses);
    refuseConnect(this.httpServer);
    refuseExpectations(this.httpServer);
  }

  private answer(req: Request, res: Response, from = 0): void {
    req.res = res;
    void this.catchAll[from]?.(req, res, () => this.answer(req, res, from + 1));
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
