import { Readable } from 'node:stream';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { BodySink, UpstreamResponse, WholeBody } from '../upstream/upstream.types.js';

/** A document that the gateway has made of several responses, in the form of a response. */
export class GatheredResponse implements UpstreamResponse {
  readonly status = 200;
  readonly isDelimited = true;
  readonly socket = undefined;

  constructor(
    private readonly bytes: Buffer,
    readonly headers: HeaderRecord,
    readonly sentAt: number,
    /** A fallback stands for a part. */
    readonly isPartial: boolean,
  ) {}

  get contentLength(): number {
    return this.bytes.length;
  }

  whole(): WholeBody {
    return { bytes: this.bytes, outcome: 'success' };
  }

  stream(sink: BodySink): void {
    sink.onData(this.bytes, () => undefined);
    sink.onEnd('success');
  }

  async discard(): Promise<void> {
    // It holds nothing.
  }

  readable(): Readable {
    return Readable.from([this.bytes]);
  }

  async text(): Promise<string> {
    return this.bytes.toString();
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.bytes.toString());
  }
}
