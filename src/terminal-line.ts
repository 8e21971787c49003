import { styleText } from 'node:util';

const COLOURS = { warn: 'yellow', error: 'red', fatal: 'red' } as const;

/** What the access log says of a request. */
type RequestFields = Readonly<Record<string, string | number | undefined>>;

interface Line {
  readonly level: string;
  readonly time: string;
  readonly context?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/**
 * Makes a line of the log short enough for a terminal.
 *
 * @param json a line of the log
 */
export function terminalLine(json: string): string {
  // Our own logger has written it.
  const { level, time, context, msg, ...fields } = JSON.parse(json) as Line;
  const what =
    context === 'Access'
      ? requestOf(fields as RequestFields)
      : `${context ?? ''} ${msg ?? ''} ${fieldsOf(fields)}`;
  const colour = COLOURS[level as keyof typeof COLOURS];
  const text = withoutControls(`${time.slice(11, 23)} ${level.padEnd(5)} ${what.trim()}`);
  return `${colour ? styleText(colour, text) : text}\n`;
}

/** `GET /users/1 200 3.2ms users http://10.0.0.7:3001 cache=miss` */
function requestOf({
  method,
  path,
  query = '',
  status,
  durationMs,
  upstream,
  target,
  ...rest
}: RequestFields): string {
  const { outcome, cause, cache, fallback, requestId } = rest;
  const told = outcome === 'success' ? { cache, fallback } : { outcome, cause, cache, fallback, requestId };
  const parts = [method, `${path}${query}`, status, `${durationMs}ms`, upstream, target];
  return `${parts.filter((part) => part !== undefined).join(' ')} ${fieldsOf(told)}`;
}

function fieldsOf(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'string' && /^[!#-~]+$/.test(value) ? value : JSON.stringify(value)}`,
    )
    .join(' ');
}

/** A terminal would obey them. */
function withoutControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
