import type { RequestHandler } from 'express';
import { exchangeOf } from '../routing/exchange.js';
import { refuse } from '../server/client-error.js';

/**
 * Answers requests that came without TLS with a redirect to HTTPS. Only hosts with a certificate are named in it, since
 * clients choose the host.
 *
 * @param isCertified tells whether a certificate is for a host
 * @param port of the HTTPS addresses
 */
export function redirectToHttps(isCertified: (host: string) => boolean, port: () => number): RequestHandler {
  return (req, res, next) => {
    const exchange = exchangeOf(req);
    // What is refused gets the answer that says why.
    if (!exchange || exchange.usesTls || exchange.refusal) {
      next();
      return;
    }
    const { host, path, query } = exchange.head;
    if (!isCertified(host)) {
      exchange.outcome = 'rejected';
      refuse(res, 'misdirected_request', exchange.config.server.errors.typeBase, exchange.id);
      return;
    }
    const authority = port() === 443 ? host : `${host}:${port()}`;
    res
      .writeHead(308, {
        Location: `https://${authority}${path}${query}`,
        'Content-Length': 0,
        'X-Request-Id': exchange.id,
        Connection: 'close',
      })
      .end();
  };
}
