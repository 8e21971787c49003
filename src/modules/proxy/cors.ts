import cors from 'cors';
import type { NextFunction, RequestHandler } from 'express';
import { memoized } from '../../common/memoized.js';
import { originMatcher } from '../../common/http/web-origins.js';
import type { CorsConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';

/**
 * Adds CORS headers to whatever answer a request gets, and answers preflight requests. To an answer to a request without
 * an origin, whoever writes it adds `Vary`.
 */
export function addCors(exchange: Exchange, next: NextFunction): void {
  const { id, req, res, cors: config, head, refusal } = exchange;
  const isAnswer = head.isPreflight && refusal === undefined;
  const answer = () => res.writeHead(204, { 'X-Request-Id': id }).end();
  void headersHandler(config)(req, res, isAnswer ? answer : next);
}

const headersHandler = memoized((config: CorsConfig): RequestHandler => {
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
});
