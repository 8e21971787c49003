import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/**
 * Asks helmet once, at start: its headers depend on nothing in a request, and setting a dozen of them one by
 * one on each response costs more than the rest of the head.
 */
export function securityHeaders(): { name: string; value: string }[] {
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  helmet()(res.req, res, () => undefined);
  return res.getHeaderNames().map((name) => ({ name, value: String(res.getHeader(name)) }));
}
