import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isMap, isScalar, parse, parseDocument, type YAMLMap } from 'yaml';
import { CHART } from './helm.js';

const VALUES = readFileSync(`${CHART}/values.yaml`, 'utf8');
const SCHEMA: Schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8'));

interface Schema {
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly $ref?: string;
  readonly $defs?: Record<string, Schema>;
}

interface Value {
  readonly path: string;
  readonly comment: string | undefined;
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
    return [{ path, comment }, ...(isMap(value) ? values(value, `${path}.`) : [])];
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
const WITHOUT_DEFAULT = /^global$|^probes\.\w+\.initialDelaySeconds$|\bresources\.claims$/;
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
  expect(open(SCHEMA)).toEqual([]);
});

it('has the version of the gateway', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(parse(readFileSync(`${CHART}/Chart.yaml`, 'utf8'))).toMatchObject({ version, appVersion: version });
});
