import cors from 'cors';
import type { RequestHandler } from 'express';
import { originMatcher } from '../../common/http/web-origins.js';
import type { CorsConfig } from '../config/gateway-config.js';

export interface Cors {
  /** Adds the headers to whatever answer the request gets. */
  readonly headers: RequestHandler;
  /** Answers preflight requests. OPTIONS without this header is none, and goes to the upstream. */
  readonly preflight: RequestHandler;
}

/** @returns `undefined` when CORS is off, so that upstreams decide for themselves */
export function corsHandlers(config: CorsConfig): Cors | undefined {
  if (config.origins.length === 0) return undefined;
  const isAllowed = originMatcher(config.origins);
  const handle = cors({
    origin: config.origins.includes('*')
      ? '*'
      : (origin, callback) => callback(null, origin !== undefined && isAllowed(origin)),
    methods: [...config.methods],
    // Without a list, the library would allow every header that is asked for.
    allowedHeaders: [...config.headers],
    exposedHeaders: [...config.exposeHeaders],
    credentials: config.credentials,
    maxAge: Math.floor(config.maxAge / 1000),
    preflightContinue: true,
  });
  return {
    headers: (req, res, next) => {
      // For a refused origin, the library would do nothing at all, but caches must tell the answers apart even so.
      if (!config.origins.includes('*')) res.setHeader('Vary', 'Origin');
      handle(req, res, next);
    },
    preflight: (req, res, next) => {
      if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) next();
      else res.writeHead(204, { 'Content-Length': 0 }).end();
    },
  };
}
