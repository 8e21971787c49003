import { z } from 'zod';
import { gatewaySchema } from './gateway.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Text with a `${...}` in it may stand for anything; only the gateway, with its environment, can tell. */
const SUBSTITUTION = String.raw`\$\{`;

/**
 * The JSON Schema (draft 2020-12) of the configuration file, for editors: what may be written, with
 * descriptions and defaults. It admits a little more than the gateway does, never less.
 */
export function gatewayJsonSchema(): object {
  const schema = z.toJSONSchema(gatewaySchema, { target: 'draft-2020-12', io: 'input' });
  return admitSubstitution({ ...schema, title: 'Breakwater gateway configuration' });
}

/** The schema with every string of a certain form also allowed to be substituted. */
function admitSubstitution(schema: JsonSchema): JsonSchema {
  const admitting = { ...schema };
  if (schema.properties) {
    const properties = Object.entries(schema.properties).map(([key, child]) => [key, admitIn(child)]);
    admitting.properties = Object.fromEntries(properties);
  }
  if (schema.additionalProperties) admitting.additionalProperties = admitIn(schema.additionalProperties);
  if (schema.items && !Array.isArray(schema.items)) admitting.items = admitIn(schema.items);
  if (schema.anyOf) admitting.anyOf = schema.anyOf.map(admitSubstitution);
  if (schema.pattern !== undefined) admitting.pattern = `${schema.pattern}|${SUBSTITUTION}`;
  if (schema.type !== 'string' || (schema.enum ?? schema.const) === undefined) return admitting;

  const { type, enum: values, const: _, ...rest } = admitting;
  const fixed = values ? { type, enum: values } : { type, const: schema.const };
  return { ...rest, anyOf: [fixed, { type, pattern: SUBSTITUTION }] };
}

function admitIn(schema: JsonSchema | boolean): JsonSchema | boolean {
  return typeof schema === 'boolean' ? schema : admitSubstitution(schema);
}
