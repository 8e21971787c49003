import cors from 'cors';
import type { Request, RequestHandler } from 'express';
import { originMatcher } from '../../common/http/web-origins.js';
import type { CorsConfig } from '../config/gateway-config.js';

/** The part of an exchange that CORS is about. */
interface CorsExchange {
  readonly id: string;
  readonly cors: CorsConfig;
  /** Why the request goes no further. */
  readonly refusal?: unknown;
  readonly head: { readonly isPreflight: boolean };
}

/**
 * Adds CORS headers to whatever answer a request gets, and answers preflight requests. Where CORS is off, it leaves both
 * to the upstream. To an answer to a request without an origin, whoever writes it adds `Vary`.
 */
export function corsHandler(exchangeOf: (req: Request) => CorsExchange | undefined): RequestHandler {
  const compiled = new WeakMap<CorsConfig, RequestHandler>();
  return (req, res, next) => {
    const exchange = exchangeOf(req);
    if (!exchange || exchange.cors.origins.length === 0) {
      next();
      return;
    }
    let addHeaders = compiled.get(exchange.cors);
    if (!addHeaders) compiled.set(exchange.cors, (addHeaders = headersHandler(exchange.cors)));
    const isAnswer = exchange.head.isPreflight && exchange.refusal === undefined;
    const answer = () => res.writeHead(204, { 'X-Request-Id': exchange.id }).end();
    void addHeaders(req, res, isAnswer ? answer : next);
  };
}

function headersHandler(config: CorsConfig): RequestHandler {
  const isForAll = config.origins.includes('*');
  const isAllowed = originMatcher(config.origins);
  const handle = cors({
    origin: isForAll ? '*' : (origin, callback) => callback(null, origin !== undefined && isAllowed(origin)),
    methods: [...config.methods],
    // Without a list, the library would allow every header that is asked for.
    allowedHeaders: [...config.headers],
    exposedHeaders: [...config.exposeHeaders],
    credentials: config.credentials,
    maxAge: Math.floor(config.maxAge / 1000),
    preflightContinue: true,
  });
  return (req, res, next) => {
    if (!isForAll) {
      // Nothing is allowed to a request without an origin. `Vary` comes with the head, because Node writes heads much
      // slower when a header was set before.
      if (req.headers.origin === undefined) {
        next();
        return;
      }
      // For a refused origin, the library would do nothing at all, but caches must tell the answers apart even so.
      res.setHeader('Vary', 'Origin');
    }
    handle(req, res, next);
  };
}
