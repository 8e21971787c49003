import { Readable } from 'node:stream';

/** A body on its way from a client, which can be sent elsewhere as long as nothing of it was read. */
export abstract class ClientBody extends Readable {
  /** @returns the body to be sent after a call that failed without reading of it, or `undefined` if it did */
  abstract untouched(): ClientBody | undefined;
}
