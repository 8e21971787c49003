import { z } from 'zod';
import {
  DURATION_FORMS,
  DURATION_PATTERN,
  LONGEST_TIMER_MS,
  parseDuration,
} from '../../../common/units/duration.js';
import { parseRatio, RATIO_FORMS, RATIO_PATTERN } from '../../../common/units/ratio.js';
import { parseSize, SIZE_FORMS, SIZE_PATTERN } from '../../../common/units/size.js';

/** Half of what a timer holds: jitter is added to some, and others are added up. */
const LONGEST_MS = LONGEST_TIMER_MS / 2;

/** A duration above zero, in ms. For timeouts and periods: Node takes a zero for "never". */
export function positiveDuration() {
  return withUnit(
    parseDuration,
    DURATION_PATTERN,
    `${DURATION_FORMS} (above 0, at most 298h)`,
    durationFits(1),
  );
}

/** A duration in ms where zero has a meaning: no delay, no tolerance. */
export function duration() {
  return withUnit(parseDuration, DURATION_PATTERN, `${DURATION_FORMS} (at most 298h)`, durationFits(0));
}

/** A size above zero, in bytes. */
export function positiveSize() {
  return withUnit(parseSize, SIZE_PATTERN, `${SIZE_FORMS} (above 0)`, (bytes) => bytes > 0, sizeMeant);
}

/** A size in bytes where zero has a meaning: nothing at all. */
export function size() {
  return withUnit(parseSize, SIZE_PATTERN, SIZE_FORMS, () => true, sizeMeant);
}

/** A percentage above 0% and at most 100%, as 0..1. */
export function positiveRatio() {
  return withUnit(parseRatio, RATIO_PATTERN, `${RATIO_FORMS} (above 0%, at most 100%)`, (ratio) => ratio > 0);
}

/** `10MB` and `10m` are `10MiB` to whoever is used to other programs. */
function sizeMeant(text: string): string | undefined {
  const [, count, unit = ''] = /^(\d+) ?([KMG])i?B?$/i.exec(text) ?? [];
  return count === undefined ? undefined : `${count}${unit.toUpperCase()}iB`;
}

function durationFits(least: number) {
  return (milliseconds: number) => milliseconds >= least && milliseconds <= LONGEST_MS;
}

/**
 * Text with a unit, or a bare 0, which needs none.
 * @param expected what is allowed, as a message says it
 * @param meant what somebody who wrote this probably meant
 */
function withUnit(
  parse: (text: string) => number | undefined,
  pattern: RegExp,
  expected: string,
  fits: (value: number) => boolean,
  meant: (text: string) => string | undefined = () => undefined,
) {
  const message = ({ input }: { input?: unknown }) => {
    const guess = typeof input === 'string' ? meant(input) : undefined;
    return guess === undefined ? expected : `${expected}; did you mean ${guess}?`;
  };
  return z
    .union([z.string().regex(pattern, { error: message }), z.literal(0)], { error: message })
    .transform((written, context) => {
      const value = parse(String(written));
      if (value !== undefined && fits(value)) return value;
      context.addIssue({ code: 'custom', message: expected });
      return z.NEVER;
    });
}
