import cors from 'cors';
import type { RequestHandler } from 'express';
import type { CorsConfig } from '../config/gateway-config.js';

/**
 * Answers preflight requests and adds CORS headers to responses.
 *
 * @returns `undefined` when CORS is off, so that upstreams decide for themselves
 */
export function corsMiddleware(config: CorsConfig): RequestHandler | undefined {
  if (config.origins.length === 0) return undefined;
  const handle = cors({
    origin: config.origins.includes('*') ? '*' : [...config.origins],
    methods: [...config.methods],
    ...(config.headers.length > 0 ? { allowedHeaders: [...config.headers] } : {}),
    credentials: config.credentials,
    maxAge: Math.floor(config.maxAge / 1000),
  });
  return (req, res, next) => {
    // OPTIONS without this header is not a preflight request, and goes to the upstream.
    if (req.method === 'OPTIONS' && req.headers['access-control-request-method'] === undefined) next();
    else handle(req, res, next);
  };
}
