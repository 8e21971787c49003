import { z } from 'zod';
import { ProblemError } from '../../common/errors/problem.js';
import { DURATION, LONGEST_TIMER_MS } from '../../common/units.js';

/** A duration of at least a millisecond, as in the configuration. */
export const duration = () =>
  z
    .string(DURATION.forms)
    .transform((text) => DURATION.parse(text) ?? 0)
    .refine((ms) => ms > 0 && ms <= LONGEST_TIMER_MS, DURATION.forms);

/** Why an operator does something, for those who look for it afterwards. */
export const reason = () =>
  z.string('a text').trim().min(1, 'a text').max(500, 'a text of at most 500 characters');

/**
 * @returns the body as the schema describes it
 * @throws ProblemError `admin_request_invalid`, which names every problem in the form of `breakwater check`
 */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => problemOf(issue, body));
  throw new ProblemError('admin_request_invalid', { detail: problems.join('; ') });
}

/** @throws ProblemError `admin_request_invalid` */
export function durationOf(name: string, value: unknown): number {
  const result = duration().safeParse(value);
  if (result.success) return result.data;
  const detail = `${name}: expected ${DURATION.forms}, found ${found(value)}`;
  throw new ProblemError('admin_request_invalid', { detail });
}

function problemOf(issue: z.core.$ZodIssue, body: unknown): string {
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.map(found).join(', ')}`;
  const path = issue.path.map(String);
  const value = path.reduce<unknown>(
    (each, key) => (typeof each === 'object' && each !== null ? Reflect.get(each, key) : undefined),
    body,
  );
  return `${path.join('.') || 'body'}: expected ${issue.message}, found ${found(value)}`;
}

function found(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 100);
}
