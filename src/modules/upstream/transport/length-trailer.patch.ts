/*
 * Patch of undici 8.12: a `Content-Length` among the trailers does not cut the response.
 *
 * RFC 9112 section 7.1.2 lets a recipient drop it. The parser of undici calls it an error (`Content-Length can't be present
 * with Transfer-Encoding`) when the last chunk has arrived already, and gives that error no code. The other trailers are
 * lost with it. The patch can go when trailers.spec.ts passes without it.
 */
import { errors } from 'undici';

const REASON = /content-length can't be present/i;

/**
 * @param error of a response whose head was well-formed
 * @returns whether its body is complete, and only its trailers are bad
 */
export function isLengthTrailer(error: Error): boolean {
  return error instanceof errors.HTTPParserError && REASON.test(error.message);
}
