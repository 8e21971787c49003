import type { IncomingMessage, RequestListener } from 'node:http';
import { echo } from './gateway.js';

/** An upstream that remembers every request whose head reached it. */
export interface Recording {
  readonly handler: RequestListener;
  readonly requests: IncomingMessage[];
  /** Forgets the requests, for the next test of a gateway that is started once. */
  readonly clear: () => void;
}

export function recording(handler: RequestListener = echo): Recording {
  const requests: IncomingMessage[] = [];
  return {
    requests,
    clear: () => void (requests.length = 0),
    handler: (req, res) => {
      requests.push(req);
      return handler(req, res);
    },
  };
}

/** @returns the values of a header as they were sent, one for each field line */
export function fieldsOf({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
