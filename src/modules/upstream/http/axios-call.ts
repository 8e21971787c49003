import { STATUS_CODES } from 'node:http';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { CancellationSource } from '../../../common/cancellation.js';
import { isHopByHop } from '../../../common/http/header-owners.js';
import type { HeaderRecord } from '../../../common/http/response-headers.js';
import type { UpstreamProxy } from '../upstream-proxy.js';
import type { UpstreamResponse } from '../upstream.types.js';

/** What axios's adapter for Node passes to `http.request`, as far as it is used here. */
export interface NodeRequestOptions {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly hostname?: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** `user:password`. */
  readonly auth?: string | undefined;
}

/** The part of an `http.IncomingMessage` that axios reads. */
export interface NodeResponse extends Readable {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: HeaderRecord;
}

/** Stands for the `http.ClientRequest` that axios sends a request with. Its call goes through an `UpstreamProxy`. */
export class AxiosCall extends Writable {
  private readonly cancellation = new CancellationSource();
  private readonly chunks: Buffer[] = [];
  /** Absent unless a stream is piped in. */
  private upload: PassThrough | undefined;
  private timeout = 0;

  constructor(
    private readonly upstream: UpstreamProxy,
    private readonly options: NodeRequestOptions,
    private readonly onResponse: (response: NodeResponse) => void,
  ) {
    // axios ignores the response to a request that is destroyed.
    super({ autoDestroy: false });
    this.once('pipe', () => {
      // The call destroys the body it is given when it fails, and says so by its own error.
      this.upload = new PassThrough().on('error', () => undefined);
      this.send(this.upload);
    });
  }

  /** The deadline of the upstream takes the place of axios's own timer. axios sets it before it writes. */
  setTimeout(ms: number): this {
    this.timeout = ms;
    return this;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.upload) this.upload.write(chunk, encoding, callback);
    else {
      this.chunks.push(chunk);
      callback();
    }
  }

  /** A body in memory is sent as a whole, so that it can be sent again. */
  override _final(callback: (error?: Error | null) => void): void {
    if (this.upload) this.upload.end();
    else this.send(this.chunks.length > 0 ? Buffer.concat(this.chunks) : undefined);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.cancellation.abort();
    this.upload?.destroy();
    callback(error);
  }

  private send(body: Buffer | Readable | undefined): void {
    const { method, path, headers, auth } = this.options;
    const fields = Object.entries(headers).filter(([name]) => !isHopByHop(name.toLowerCase()));
    // axios writes the names of headers in this form.
    const { 'Content-Length': length } = headers;
    this.upstream
      .send({
        method,
        path,
        headers: [
          ...fields.flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value])),
          ...(auth === undefined ? [] : ['Authorization', `Basic ${Buffer.from(auth).toString('base64')}`]),
        ],
        ...(body === undefined ? {} : { body }),
        ...(body === this.upload && length !== undefined ? { contentLength: Number(length) } : {}),
        ...(this.timeout > 0 ? { timeout: this.timeout } : {}),
        signal: this.cancellation,
      })
      .then(
        (response) => this.onResponse(nodeResponse(response)),
        (error: Error) => this.destroy(error),
      );
  }
}

function nodeResponse(response: UpstreamResponse): NodeResponse {
  const { status, headers } = response;
  return Object.assign(response.readable(), {
    statusCode: status,
    statusMessage: STATUS_CODES[status] ?? '',
    // axios removes `content-encoding` when it decodes the body.
    headers: { ...headers },
  });
}
