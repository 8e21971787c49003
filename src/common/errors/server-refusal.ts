import type { IncomingMessage } from 'node:http';
import type { ProblemCode } from './codes.js';

/** A request that the server refuses by itself, since it is none that could be processed. */
export interface ServerRefusal {
  readonly code: ProblemCode;
  readonly status: number;
  /** For operators. It holds nothing of the request. */
  readonly cause: string;
  /** Address of the other side. */
  readonly peer: string;
  /** Its head, when that was read. */
  readonly req?: IncomingMessage | undefined;
}
