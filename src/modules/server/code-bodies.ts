import express, { type Request, type RequestHandler } from 'express';
import type { RawBodyRequest } from '@nestjs/common';
import { ProblemError } from '../../common/errors/problem.js';

/** To parse more would delay the requests of everybody else. */
const MAX_PARSED_BYTES = 1024 * 1024;

/**
 * Parses JSON and forms for controllers of code, as Nest does for all requests of an application; routes of the
 * configuration stream their bodies unread. The bytes stay in `rawBody`, as with Nest's option of that name, since a
 * handler may pass the request on.
 *
 * @param maxBytes limit of the body of a request
 */
export function bodyParsers(maxBytes: (req: Request) => number): RequestHandler[] {
  // Few sizes are configured.
  const known = new Map<number, ReturnType<typeof parsersFor>>();
  return (['json', 'form'] as const).map((kind): RequestHandler => (req, res, next) => {
    const limit = Math.min(maxBytes(req), MAX_PARSED_BYTES);
    let parsers = known.get(limit);
    if (!parsers) known.set(limit, (parsers = parsersFor(limit)));
    parsers[kind](req, res, (error?: unknown) => next(error === undefined ? undefined : problemOf(error)));
  });
}

function parsersFor(limit: number) {
  const options = {
    limit,
    // A small compressed body may be a very large one.
    inflate: false,
    verify: keepBytes,
  };
  return { json: express.json(options), form: express.urlencoded({ ...options, extended: true }) };
}

/** @returns a parser with options of the user, which keeps the bytes as well */
export function bodyParser(
  type: 'json' | 'raw' | 'text' | 'urlencoded',
  options: object = {},
): RequestHandler {
  return express[type]({ ...options, verify: keepBytes });
}

function keepBytes(req: object, _res: unknown, bytes: Buffer): void {
  (req as RawBodyRequest<Request>).rawBody = bytes;
}

function problemOf(error: unknown): unknown {
  const { status } = error as { readonly status?: number };
  if (status === 413) return new ProblemError('body_too_large', { close: true });
  if (status === 415) {
    const detail = 'The body is compressed or has an unknown charset, and controllers of code get neither.';
    return new ProblemError('content_type_not_allowed', { detail });
  }
  // Nest's answer would repeat a part of the body.
  return status === 400
    ? new ProblemError('malformed_request', { detail: 'The body cannot be parsed.' })
    : error;
}
