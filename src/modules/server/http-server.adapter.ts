import { createServer, IncomingMessage, type Server, ServerResponse, type ServerOptions } from 'node:http';
import { Logger } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Request, RequestHandler, Response } from 'express';
import type { ServerConfig } from '../config/gateway-config.js';
import { answerClientErrors, refuse, refuseConnect, refuseExpectations } from './client-error.js';
import { CodePaths } from './code-paths.js';
import { continueWhenRead } from './continue.js';
import { OpenResponses } from './open-responses.js';
import { endSlowReaders } from './slow-readers.js';
import { answerUpgrades, decline, mayAnswer, mayUpgrade } from './upgrades.js';

/** What Nest makes of a controller's `{*path}`. */
const CATCH_ALL = '/{*path}';
/** Milliseconds. Node's own 30 s would let a slow-header client live on long after its timeout. */
const TIMEOUT_CHECK_INTERVAL = 500;

export type HttpLimits = Pick<
  ServerConfig,
  'maxHeaderBytes' | 'headersTimeout' | 'requestTimeout' | 'sendTimeout' | 'keepAliveTimeout'
>;

/** Nest's Express adapter over a server with our limits, which Nest offers no option for. */
export class HttpServerAdapter extends ExpressAdapter {
  private readonly log = new Logger(HttpServerAdapter.name);
  private readonly openResponses = new OpenResponses();
  /** What every request meets before controllers are looked for. */
  private readonly entrance: RequestHandler[] = [];
  private readonly catchAll: RequestHandler[] = [];
  private codePaths: CodePaths | undefined;

  /** @param webSockets whether any route takes them; otherwise `Upgrade` is ignored */
  constructor(
    private readonly limits: HttpLimits,
    private readonly webSockets = false,
  ) {
    super();
    this.set('x-powered-by', false);
    this.set('etag', false);
    // Nest's own constructor has made the router by now; the settings of these names would come too late.
    const { router } = this.getInstance<Express>();
    Object.assign(router, { caseSensitive: true, strict: true });
  }

  /** From now on each answer is the last of its connection. */
  closeConnections(): void {
    this.openResponses.closeConnections();
  }

  /** Ends every connection at once. What is not whole must not look so. */
  cutConnections(): void {
    this.openResponses.reset();
    // Made by `initHttpServer`.
    (this.httpServer as Server).closeAllConnections();
  }

  /**
   * Runs a handler before everything else, in the order of the calls. When it goes on with an error, no controller of
   * code sees the request: the catch-all says what is wrong with it.
   */
  enter(handler: RequestHandler): void {
    this.entrance.push(handler);
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
      shouldUpgradeCallback: (req: IncomingMessage) =>
        (webSockets && mayUpgrade(req, openResponses)) || decline(req),
    };
    const answer = (req: IncomingMessage, res: ServerResponse) => {
      if (!mayAnswer(req, res)) return;
      openResponses.add(res);
      try {
        // Made by the classes above.
        this.admit(req as Request, res as Response);
      } catch (error) {
        // Nothing of Nest is around the entrance: one bad request would end the process.
        this.log.error(error);
        refuse(res, 'internal_error');
      }
    };
    this.httpServer = createServer(options, answer);
    if (webSockets) answerUpgrades(this.httpServer, classes.ServerResponse, answer);
    answerClientErrors(this.httpServer, this.openResponses);
    endSlowReaders(this.httpServer, openResponses, this.limits.sendTimeout);
    refuseConnect(this.httpServer);
    continueWhenRead(this.httpServer, answer);
    refuseExpectations(this.httpServer);
  }

  private admit(req: Request, res: Response, at = 0): void {
    const handler = this.entrance[at];
    if (!handler) this.answer(req, res);
    else void handler(req, res, (error) => (error ? this.refuse(req, res) : this.admit(req, res, at + 1)));
  }

  /**
   * What no controller of code can have goes to the catch-all without Express, whose router costs more than all
   * that it leads to. Handlers find the same request and response as behind it.
   */
  private answer(req: Request, res: Response): void {
    const app = this.getInstance<Express>();
    // By the first request everything is mounted.
    this.codePaths ??= CodePaths.of(app, new Set(this.catchAll));
    if (this.catchAll.length === 0 || this.codePaths.mayHave(pathOf(req))) app(req, res);
    else this.pass(req, res);
  }

  /** The gateway's own catch-all is the last one: controllers of code may have others. */
  private refuse(req: Request, res: Response): void {
    this.pass(req, res, this.catchAll.length - 1);
  }

  private pass(req: Request, res: Response, to = 0): void {
    req.res = res;
    req.originalUrl ??= req.url;
    void this.catchAll[to]?.(req, res, () => this.pass(req, res, to + 1));
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

function pathOf({ url }: Request): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
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
