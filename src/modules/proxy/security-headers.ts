import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import type { DefaultHeader } from '../../common/http/response-headers.js';

const POWERED_BY = 'x-powered-by';

/** What helmet decides, as data. */
export interface SecurityHeaders {
  /** Added where the upstream did not decide for itself. */
  readonly added: readonly DefaultHeader[];
  /** Lower-cased names that say which software answers. */
  readonly dropped: ReadonlySet<string>;
}

/**
 * Asks helmet once, at start: its headers depend on nothing in a request, and setting a dozen of them one by
 * one on each response costs more than the rest of the head.
 */
export function securityHeaders(): SecurityHeaders {
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  res.setHeader(POWERED_BY, 'probe');
  helmet()(res.req, res, () => undefined);
  const kept = res.hasHeader(POWERED_BY);
  res.removeHeader(POWERED_BY);
  const added = res
    .getHeaderNames()
    .map((name): DefaultHeader => ({ name, value: String(res.getHeader(name)) }));
  return { added, dropped: new Set(kept ? [] : [POWERED_BY]) };
}
