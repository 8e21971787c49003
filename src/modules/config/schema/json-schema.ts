import { z } from 'zod';
import { gatewaySchema } from './gateway.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Text that contains `${...}` can stand for anything; only the gateway, with its environment, can tell. */
const SUBSTITUTION = String.raw`\$\{`;

/**
 * The JSON Schema (draft 2020-12) of the configuration file, for editors: what can be written, with
 * descriptions and defaults. It accepts a little more than the gateway does, never less.
 */
export function gatewayJsonSchema(): object {
  const schema = z.toJSONSchema(gatewaySchema, {
    target: 'draft-2020-12',
    io: 'input',
    override: ({ jsonSchema, path }) => {
      describeDefault(jsonSchema);
      // Keys are never substituted.
      if (path.at(-1) !== 'propertyNames') admitSubstitution(jsonSchema);
    },
  });
  return { ...schema, title: 'Breakwater gateway configuration' };
}

/** Editors show descriptions and hide `default`, so the description ends with it. */
function describeDefault(schema: JsonSchema): void {
  const { description, default: value } = schema;
  // The default of a section is its keys with their own defaults, also where it can be a word such as `off`.
  const isSection = schema.properties ?? schema.anyOf?.some(({ properties }) => properties);
  if (!description || value === undefined || (isSection && typeof value === 'object')) return;
  schema.description = `${description} Default: ${formatDefault(value)}.`;
}

function formatDefault(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value !== 'object' || value === null) return value === '' ? 'none' : String(value);
  return Object.keys(value).length === 0 ? 'none' : JSON.stringify(value);
}

/** Lets every string of a certain form be substituted as well. */
function admitSubstitution(schema: JsonSchema): void {
  // zod visits a schema again for each schema that extends it.
  if (schema.pattern !== undefined && !schema.pattern.endsWith(SUBSTITUTION)) {
    schema.pattern += `|${SUBSTITUTION}`;
  }
  const { type, enum: values, const: value } = schema;
  if (type !== 'string' || (values ?? value) === undefined) return;
  delete schema.type;
  delete schema.enum;
  delete schema.const;
  schema.anyOf = [values ? { type, enum: values } : { type, const: value }, { type, pattern: SUBSTITUTION }];
}
