import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isMap, isScalar, isSeq, parse, parseDocument, type YAMLMap } from 'yaml';
import { CHART } from './helm.js';

const VALUES = readFileSync(`${CHART}/values.yaml`, 'utf8');
const SCHEMA: Schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8'));

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly $ref?: string;
  readonly $defs?: Record<string, Schema>;
}

interface Value {
  readonly path: string;
  readonly comment: string | undefined;
  /** Whether the default is null or a list, which the templates take as empty. */
  readonly isEmpty: boolean;
}

/** Maps of Kubernetes and of the gateway, whose own documentation describes them. */
const FOREIGN = /^(?:(?:podS|s)ecurityContext|.*\bresources|config|dashboard\.labels|probes\.\w+)\./;

/** Every key of values.yaml with the comment above it. */
function values(map: YAMLMap, above = ''): Value[] {
  return map.items.flatMap(({ key, value }, i) => {
    if (!isScalar(key)) throw new Error('a key that is no scalar');
    const path = above + String(key.value);
    // The parser gives the comment above the first key to the mapping.
    const comment = key.commentBefore ?? (i === 0 ? (map.commentBefore ?? undefined) : undefined);
    const isEmpty = isSeq(value) || (isScalar(value) && value.value === null);
    return [{ path, comment, isEmpty }, ...(isMap(value) ? values(value, `${path}.`) : [])];
  });
}

const all = values(parseDocument(VALUES).contents as YAMLMap);

it('describes each value in values.yaml with a sentence', () => {
  const own = all.filter(({ path }) => !FOREIGN.test(path));
  // A mapping of which each key has a comment needs none itself.
  const leaves = own.filter(({ path }) => !own.some((other) => other.path.startsWith(`${path}.`)));
  expect(leaves.length).toBeGreaterThan(80);
  expect(leaves.filter(({ comment }) => !comment?.trim().endsWith('.')).map(({ path }) => path)).toEqual([]);
});

/** Every key of the schema, as far as it lists them. */
function keys(schema: Schema, above = ''): string[] {
  const { properties = {} } = schema.$ref ? SCHEMA.$defs![schema.$ref.split('/').at(-1)!]! : schema;
  return Object.entries(properties).flatMap(([key, value]) => [
    above + key,
    ...keys(value, `${above}${key}.`),
  ]);
}

/** Helm adds `global` to a chart that is part of another one. The others are keys of Kubernetes that have no default. */
const WITHOUT_DEFAULT =
  /^global$|^config\.|^dnsConfig\.|^probes\.\w+\.initialDelaySeconds$|\bresources\.claims$/;
const NOT_LISTED = /^config\.|Context\.|\bresources\.\w+\.|^dashboard\.labels\./;

it('lists the same keys in values.yaml and in the schema', () => {
  const written = all.map(({ path }) => path).filter((path) => !NOT_LISTED.test(path));
  const known = keys(SCHEMA).filter((key) => !WITHOUT_DEFAULT.test(key));
  expect(known.toSorted()).toEqual(written.toSorted());
});

/** @returns the paths of mappings that accept other keys than those they list */
function open({ properties, additionalProperties, $defs, items }: Schema, path = ''): string[] {
  return [
    ...(properties && additionalProperties !== false ? [path] : []),
    ...Object.entries({ ...properties, ...$defs, ...(items && { items }) }).flatMap(([key, value]) =>
      open(value, `${path}.${key}`),
    ),
  ];
}

it('accepts no unknown key in any mapping of its own', () => {
  // The gateway checks its configuration itself.
  expect(open(SCHEMA).filter((path) => !/^\.config\b/.test(path))).toEqual([]);
});

/** Has a default, and no value turns it off. */
const SWITCHED_OFF_BY_NULL = 'autoscaling.targetCPUUtilizationPercentage';

it('requires each key that has a default, since helm removes a key that is empty', () => {
  const required = (schema: Schema, above = ''): string[] => [
    ...(schema.required ?? []).map((key) => above + key),
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) => required(value, `${above}${key}.`)),
  ];
  const own = all.filter(({ path, isEmpty }) => !isEmpty && !FOREIGN.test(path)).map(({ path }) => path);
  const expected = own.filter((path) => path !== SWITCHED_OFF_BY_NULL);
  expect(required(SCHEMA).toSorted()).toEqual(expected.toSorted());
});

it('has the version of the gateway', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(parse(readFileSync(`${CHART}/Chart.yaml`, 'utf8'))).toMatchObject({ version, appVersion: version });
});
