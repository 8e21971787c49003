import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { constants } from 'node:zlib';
import type { Request, RequestHandler, Response } from 'express';
import { BODILESS_STATUSES, isEventStream, valueOf } from '../../common/http/response-headers.js';
import { detachDrainListeners } from './compression.patch.js';

type Filter = (req: Request, res: Pick<Response, 'getHeader'>) => boolean;

/** The part of the package that is used here. */
interface Compression {
  (options: {
    threshold: number;
    flush: number;
    brotli: object;
    filter: (req: Request, res: Response) => boolean;
  }): RequestHandler;
  readonly filter: Filter;
}

/** Bytes of the shortest body that is compressed. */
const MIN_BYTES = 1024;

/** Responses with one of these headers stay as they are: digests are of the body as the upstream has sent it. */
const HEADERS_OF_UNCOMPRESSED = [
  'content-encoding',
  'content-range',
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
];

/** Responses that the package may compress. */
const compressible = new WeakSet<ServerResponse>();
let loaded: { readonly compress: RequestHandler; readonly isCompressible: Filter } | undefined;

/**
 * Compresses the answers of controllers of code for clients that accept it.
 *
 * @param isWanted decides by the request; the answer to another one stays as it is
 */
export function compressionHandler(isWanted: (req: Request) => boolean): RequestHandler {
  return (req, res, next) => {
    if (isWanted(req)) wrap(req, res);
    next();
  };
}

/**
 * Compresses an answer whose head is about to be written, if its client accepts it. The package wraps a response before it
 * decides, which costs more than to forward it, so it is only asked about those that it may compress.
 *
 * @param lines of the head, names and values in turn; `Vary` is added where the answer depends on `Accept-Encoding`
 * @param length bytes of the body, if they are known
 */
export function compressAnswer(
  res: Response,
  status: number,
  lines: string[],
  length: number | undefined,
): void {
  const { req } = res;
  if (status !== 304) {
    const type = valueOf(lines, 'content-type');
    if (status === 204 || type === undefined || !load().isCompressible(req, { getHeader: () => type }))
      return;
    if (
      (length !== undefined && length < MIN_BYTES) ||
      req.method === 'HEAD' ||
      req.headers['accept-encoding'] === undefined
    ) {
      if (!/\*|accept-encoding/i.test(valueOf(lines, 'vary') ?? '')) lines.push('Vary', 'Accept-Encoding');
      return;
    }
  }
  wrap(req, res);
}

function load(): NonNullable<typeof loaded> {
  if (loaded) return loaded;
  // Loaded here because most gateways do without. The package has no types of its own.
  const compression = createRequire(import.meta.url)('compression') as Compression;
  const compress = compression({
    threshold: MIN_BYTES,
    // What an upstream has sent so far must not wait for more.
    flush: constants.Z_SYNC_FLUSH,
    brotli: {
      flush: constants.BROTLI_OPERATION_FLUSH,
      // The default window takes several MiB for each response.
      params: { [constants.BROTLI_PARAM_LGWIN]: 18 },
    },
    filter: (req, res) => {
      // The package would announce an encoding for bodies that do not exist.
      if (BODILESS_STATUSES.has(res.statusCode)) return false;
      // An event stream may end anywhere, but a compressed one that is cut off is broken.
      if (isEventStream({ 'content-type': res.getHeader('content-type')?.toString() })) return false;
      if (HEADERS_OF_UNCOMPRESSED.some((name) => res.hasHeader(name)) || !compression.filter(req, res))
        return false;
      // RFC 9111 section 5.2.1.6: a client may ask for the response as it is. The package looks at the response alone.
      if (/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(req.headers['cache-control'] ?? '')) return false;
      compressible.add(res);
      return true;
    },
  });
  return (loaded = { compress, isCompressible: compression.filter });
}

function wrap(req: Request, res: Response): void {
  // The package calls this one when it has decided and has set all headers.
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
  res.writeHead = (...args: unknown[]) => {
    if (res.statusCode === 304) repeatValidator(req, res);
    else if (compressible.has(res) && res.hasHeader('content-encoding')) describeCompressed(res);
    return writeHead(...args);
  };
  detachDrainListeners(res);
  void load().compress(req, res, () => undefined);
}

/** RFC 9110 section 8.8.3: a strong tag stands for the same bytes. The offsets of ranges are those of the original. */
function describeCompressed(res: Response): void {
  const etag = strongTagOf(res);
  if (etag !== undefined) res.setHeader('ETag', `W/${etag}`);
  res.removeHeader('accept-ranges');
}

/** RFC 9111 section 4.3.4: a strong tag would not select the compressed response that a cache has stored. */
function repeatValidator({ headers }: Request, res: Response): void {
  res.vary('Accept-Encoding');
  const etag = strongTagOf(res);
  if (etag !== undefined && headers['if-none-match']?.includes(`W/${etag}`))
    res.setHeader('ETag', `W/${etag}`);
}

function strongTagOf(res: Response): string | undefined {
  const etag = res.getHeader('etag')?.toString();
  return etag?.startsWith('"') ? etag : undefined;
}
