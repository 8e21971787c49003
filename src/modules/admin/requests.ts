import type { Request } from 'express';
import { z } from 'zod';
import { ProblemError } from '../../common/errors/problem.js';
import { DURATION, LONGEST_TIMER_MS } from '../../common/units.js';

/** A duration of at least a millisecond, as in the configuration. */
export const duration = () =>
  z
    .string(DURATION.forms)
    .transform((text) => DURATION.parse(text) ?? 0)
    .refine((ms) => ms > 0 && ms <= LONGEST_TIMER_MS, DURATION.forms);

/** Milliseconds. What ends by itself should do so within a day. */
const DAY = 86_400_000;
export const shortTime = () => duration().refine((ms) => ms <= DAY, 'at most 24h');

/** Why an operator does something, for those who look for it afterwards. */
export const reason = () =>
  z.string('a text').trim().min(1, 'a text').max(500, 'a text of at most 500 characters');

/** The body of an action that explains itself by what it does. */
export const OPTIONAL_REASON_BODY = z.strictObject({ reason: reason().optional() });

/** Bytes. */
const MAX_BODY = 64 * 1024;

/**
 * Reads a body of JSON, after the guard has admitted the request.
 *
 * @returns the body as the schema describes it
 * @throws ProblemError `admin_request_invalid`, which names every problem, or `body_too_large`
 */
export async function readBody<T>(schema: z.ZodType<T>, req: Request): Promise<T> {
  const body = parseJson(await textOf(req, MAX_BODY));
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => problemOf(issue, body));
  throw invalid(problems.join('; '));
}

/** @throws ProblemError `body_too_large` */
export async function textOf(req: Request, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Nobody has set an encoding.
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ProblemError('body_too_large', { headers: { Connection: 'close' } });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function invalid(detail: string): ProblemError {
  return new ProblemError('admin_request_invalid', { detail });
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw invalid('body: expected JSON');
  }
}

/** @throws ProblemError `admin_request_invalid` */
export function durationOf(name: string, value: unknown): number {
  const result = duration().safeParse(value);
  if (result.success) return result.data;
  throw invalid(`${name}: expected ${DURATION.forms}, found ${found(value)}`);
}

function problemOf(issue: z.core.$ZodIssue, body: unknown): string {
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.map(found).join(', ')}`;
  const path = issue.path.map(String);
  const value = path.reduce<unknown>(
    (each, key) => (typeof each === 'object' && each !== null ? Reflect.get(each, key) : undefined),
    body,
  );
  // Every other kind of problem has words of the schema.
  const expected = path.length === 0 && issue.code === 'invalid_type' ? 'an object' : issue.message;
  return `${path.join('.') || 'body'}: expected ${expected}, found ${found(value)}`;
}

function found(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 100);
}
