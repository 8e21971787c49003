import type { z } from 'zod';
import { didYouMean, nearest } from '../nearest.js';
import type { ConfigPath, ConfigProblem } from '../problem.js';
import type { ConfigValue } from '../source/config-value.js';
import { withoutCredentials } from '../source/secret-names.js';
import { matchSchema } from './route.js';
import { suggest } from './suggest.js';

/**
 * Validates a file against its schema and translates every issue into a problem at its place.
 * @returns `parsed` only when there are no problems
 */
export function validate<T>(
  schema: z.ZodType<T>,
  config: ConfigValue,
): { parsed?: T; problems: readonly ConfigProblem[] } {
  const result = schema.safeParse(config.value, { error: allowed });
  if (result.success) return { parsed: result.data, problems: [] };
  const hintFor = (value: ConfigValue) => {
    // What fits a schema of a plugin is not known.
    const isOwn = config.path.length === 0;
    const suggestion = value.isSecret || !isOwn ? undefined : suggest(schema, value);
    return suggestion === undefined ? '' : `; did you mean \`${withoutCredentials(suggestion)}\`?`;
  };
  return { problems: result.error.issues.flatMap((issue) => translate(issue, config, hintFor)) };
}

const A_LIST = 'a list';
const KINDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping from names to values',
  array: A_LIST,
  string: 'text',
};

/** The error map of the whole parse: what is allowed, for issues whose schema does not say so itself. */
function allowed(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return keysOf(issue.inst).join(', ');
    case 'invalid_value': {
      const known = issue.values.map(String);
      const values = known.map((value) => `\`${value}\``).join(', ');
      const hint = typeof issue.input === 'string' ? didYouMean(issue.input, known) : '';
      return `${known.length > 1 ? 'one of ' : ''}${values}${hint}`;
    }
    case 'invalid_type': {
      const kind = KINDS[issue.expected] ?? issue.expected;
      const keys = keysOf(issue.inst).slice(0, 3).join(', ');
      if (keys === '') return kind;
      return `${kind}${issue.expected === 'array' ? ' of mappings' : ''} with keys such as ${keys}`;
    }
    case 'too_small':
      return measured(issue.origin, 'at least', issue.minimum);
    case 'too_big':
      return measured(issue.origin, 'at most', issue.maximum);
    case 'invalid_format':
      return issue.format === 'regex'
        ? `text that matches ${issue.pattern}`
        : `text of the form ${issue.format}`;
    default:
      return 'another value';
  }
}

const MEASURES: Readonly<Record<string, string>> = { string: ' characters', array: ' items', set: ' items' };

/** What plugins leave to zod to say; schemas of the gateway have words of their own. */
function measured(origin: string, bound: string, limit: number | bigint): string {
  return `${bound} ${limit}${MEASURES[origin] ?? ''}`;
}

/** The keys of a mapping, or of each mapping in a list. */
function keysOf(schema: z.core.$ZodRawIssue['inst']): string[] {
  const definition: object | undefined = schema?._zod.def;
  if (!definition) return [];
  // Only object schemas have a shape, which is an object; lists have an element and transforms an input, both schemas.
  if ('shape' in definition) return Object.keys(definition.shape as object);
  if ('element' in definition) return keysOf(definition.element as z.core.$ZodType);
  return 'in' in definition ? keysOf(definition.in as z.core.$ZodType) : [];
}

/**
 * @param parent the value that the path of the issue begins at
 * @param hintFor what the user probably meant with a value, as the end of a message
 */
function translate(
  issue: z.core.$ZodIssue,
  parent: ConfigValue,
  hintFor: (value: ConfigValue) => string,
): ConfigProblem[] {
  // YAML keys are text and list indices numbers; there are no symbols in these paths.
  const value = parent.at(...(issue.path as (string | number)[]));
  // A wrong default is reported once, where it is written, and not again for each upstream.
  if (value.isUnreadable || value.isInherited) return [];

  if (issue.code === 'unrecognized_keys') {
    // `allowed` listed the known keys in the message; no key contains a comma.
    return unknownKeys(issue.keys, value, issue.message.split(', '));
  }
  if (issue.code === 'invalid_union') {
    const branch = intendedBranch(issue.errors);
    if (branch) return branch.flatMap((nested) => translate(nested, value, hintFor));
  }
  if (issue.code === 'invalid_key') return [value.unexpectedKey(issue.issues[0]?.message ?? issue.message)];
  if (issue.code === 'custom' && issue.params?.['key'] === true) return [value.unexpectedKey(issue.message)];
  // It has a hint of its own.
  if (issue.message.endsWith('?')) return [value.expected(issue.message)];
  const example = issue.message === A_LIST ? asList(value.found) : '';
  return [value.expected(issue.message + (example || blankMissing(issue, value) || hintFor(value)))];
}

/** Shows a value as a list with one item; in quotes unless YAML needs none. */
function asList(found: string): string {
  const [, plain] = /^"([A-Za-z][\w./-]*(?:, ?[A-Za-z][\w./-]*)*)"$/.exec(found) ?? [];
  const isValue = found.startsWith('"') || /^\d+$/.test(found);
  return isValue ? `, as in [${plain ?? found}]` : '';
}

/** `url:http://users` is text to YAML. */
function blankMissing(issue: z.core.$ZodIssue, { text }: ConfigValue): string {
  const isEntry = issue.code === 'invalid_type' && issue.expected === 'object' && /^\w+:\S/.test(text ?? '');
  return isEntry ? '; a blank is missing after the colon' : '';
}

/** The branch of a union that accepts the kind of the value and only finds issues inside it. */
function intendedBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  return branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
}

function unknownKeys(keys: readonly string[], parent: ConfigValue, known: string[]): ConfigProblem[] {
  return keys
    .map((key) => parent.at(key))
    .filter(({ isInherited }) => !isInherited)
    .map((unknown) => {
      const guess = nearest(unknown.key, known);
      const hint = guess === undefined ? 'known here' : `did you mean \`${guess}\`? Known here`;
      const message = `unknown key ${JSON.stringify(unknown.key)}; ${hint}: ${known.join(', ')}`;
      return unknown.problemWithKey(routeKeyHint(unknown.path) ?? message);
    });
}

/** What is particular about an unknown key of a route. */
function routeKeyHint([section, , key, ...rest]: ConfigPath): string | undefined {
  if (section !== 'routes' || key === undefined || rest.length > 0) return undefined;
  // Users who write a route from memory put its `path` beside `match`.
  if (!Object.hasOwn(matchSchema.shape, key)) return undefined;
  return `unknown key ${JSON.stringify(key)} beside \`match\`; it belongs inside: match: { ${key}: … }`;
}
