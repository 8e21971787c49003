import type { z } from 'zod';
import { formatDuration, formatSize } from '../../../common/units.js';
import type { ConfigPath } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';

/**
 * What people write who know other programs, and how it is written here. A result is only suggested where the schema
 * accepts it, so that each of these can be tried on any value.
 */
const REWRITINGS: readonly ((text: string) => string | false | undefined)[] = [
  // `$NAME` and `$(NAME)` are variables to a shell and to Kubernetes.
  (text) => text.replaceAll(/\$\(?([A-Za-z_]\w*)\)?/g, '${$1}'),
  (text) => text.trim().replace(/\s+%$/, '%'),
  (text) => text.replace(/\/+$/, ''),
  (text) => text.toLowerCase(),
  (text) => text.toUpperCase(),
  (text) => /^(?:yes|on)$/i.test(text) && 'true',
  (text) => /^(?:no|off)$/i.test(text) && 'false',
  (text) => /^\d{3,}$/.test(text) && formatDuration(Number(text)),
  longerUnits,
  (text) => Number(text) >= 1024 && formatSize(Number(text)),
  sizeOf,
  (text) => Number(text) > 0 && Number(text) < 1 && `${Number((Number(text) * 100).toFixed(6))}%`,
  (text) => Number(text) > 1 && `${text}%`,
  (text) => /^[1-5]xx$/i.test(text) && `${text[0]}00-${text[0]}99`,
  (text) => /^[\w{]/.test(text) && `/${text}`,
  (text) => text.replace(/^(?:ws|http)(s?):\/\//, 'http$1://'),
  (text) => /^(?!\w+:\/\/)[\w[]/.test(text) && `${isLocal(text) ? 'http' : 'https'}://${text}`,
  (text) => `redis://${text.replace(/^(?:http|tcp):\/\//, '')}`,
  (text) => text.replace(/^https?:\/\//, ''),
  (text) => text.replace(/:\d+$/, ''),
];

const UNITS: readonly [names: RegExp, milliseconds: number][] = [
  [/^(?:ms|msecs?|millis|milliseconds?)$/i, 1],
  [/^(?:s|secs?|seconds?)$/i, 1_000],
  [/^(?:m|mins?|minutes?)$/i, 60_000],
  [/^(?:h|hrs?|hours?)$/i, 3_600_000],
  [/^(?:d|days?)$/i, 86_400_000],
  [/^(?:w|weeks?)$/i, 604_800_000],
];

/** `1d`, `1h30m` or `1.5 min` as a duration of one unit. */
function longerUnits(text: string): string | undefined {
  if (!/^(?:\d+(?:\.\d+)?\s*[a-z]+\s*)+$/i.test(text)) return undefined;
  let sum = 0;
  for (const [, number, name = ''] of text.matchAll(/([\d.]+)\s*([a-z]+)/gi)) {
    const unit = UNITS.find(([names]) => names.test(name));
    sum += Number(number) * (unit?.[1] ?? Number.NaN);
  }
  return Number.isSafeInteger(sum) ? formatDuration(sum) : undefined;
}

/** `10MB` and `10m` mean `10MiB` to users of other programs. */
function sizeOf(text: string): string | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([KMG])i?B?$/i.exec(text) ?? [];
  const bytes = Number(number) * 1024 ** ('KMG'.indexOf(unit.toUpperCase()) + 1);
  return Number.isSafeInteger(bytes) ? formatSize(bytes) : undefined;
}

/** Whether it is the address of a machine nearby, which rarely has TLS: `localhost`, `users:3001`, `10.0.0.7`. */
function isLocal(address: string): boolean {
  const [host = ''] = address.split(/[:/]/);
  return !host.includes('.') || /^[\d.]+$/.test(host) || /^[^/]*:\d/.test(address);
}

/**
 * What the user probably meant with a value that is refused.
 * @returns the first rewriting that the schema accepts in its place
 */
export function suggest(schema: z.ZodType, { path, value }: ConfigValue): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = String(value);
  // YAML reads an unquoted `1` or `true` as something other than text.
  if (value !== text && isAccepted(schema, path, text)) return JSON.stringify(text);
  for (const rewrite of REWRITINGS) {
    const rewritten = rewrite(text);
    if (!rewritten || rewritten === text) continue;
    // What the variable holds decides later.
    if (rewritten.includes('${') || isAccepted(schema, path, rewritten)) return rewritten;
  }
  return undefined;
}

/** Whether the schema accepts a value at a path, tried in a configuration with nothing else in it. */
function isAccepted(schema: z.ZodType, path: ConfigPath, value: string): boolean {
  const config = path.reduceRight<unknown>(
    (inner, step) => (typeof step === 'number' ? [inner] : { [step]: inner }),
    value,
  );
  const { error } = schema.safeParse(config);
  const place = path.map((step) => (typeof step === 'number' ? 0 : step));
  return !error?.issues.some((issue) => isAt(issue, place));
}

/** Whether an issue rejects what is at this place, and not only that keys beside it are missing or unknown. */
function isAt(issue: z.core.$ZodIssue, place: ConfigPath): boolean {
  const isOnTheWay = issue.path.every((step, index) => index >= place.length || step === place[index]);
  if (!isOnTheWay || issue.code === 'unrecognized_keys') return false;
  if (issue.code !== 'invalid_union' || issue.path.length >= place.length) return true;
  const rest = place.slice(issue.path.length);
  return issue.errors.every((branch) => branch.some((each) => isAt(each, rest)));
}
