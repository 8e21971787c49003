/** The part of JSON Schema that the schema of the configuration uses. */
export interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly required?: readonly string[];
}

const INTRODUCTION = `# Configuration

The configuration is one YAML file. JSON is accepted too, because it is valid YAML.

- Durations are written as \`250ms\`, \`3s\`, \`5m\` or \`1h\`, sizes as \`512B\`, \`16KiB\` or \`10MiB\`, and ratios as \`50%\`.
- In values, \`\${VAR}\` is replaced by an environment variable, \`\${VAR:-default}\` by the variable or a default, and
  \`\${file:/run/secrets/x}\` by the content of a file. Write \`$\${\` for a literal \`\${\`. References cannot be nested.
- If the file has an unknown key, a wrong type or a missing variable, the gateway does not start. It lists all problems
  with their positions.

This page is generated from the schema (\`npm run docs\`). \`breakwater schema\` prints the schema for editors.
`;

/** Writes the reference of all keys, section by section. */
export function configurationReference(schema: SchemaNode): string {
  const sections = Object.entries(schema.properties ?? {}).map(([name, node]) => section(name, node));
  return [INTRODUCTION, ...sections].join('\n');
}

function section(name: string, node: SchemaNode): string {
  return `## ${name}\n\n${node.description ?? ''}\n\n| key | meaning |\n| --- | --- |\n${rows('', node).join('\n')}\n`;
}

function rows(path: string, node: SchemaNode): string[] {
  return [...variants(node)].flatMap((variant) => [
    ...Object.entries(variant.properties ?? {}).flatMap(([key, child]) =>
      keyRows(join(path, key), child, variant.required?.includes(key) ?? false),
    ),
    ...(typeof variant.additionalProperties === 'object' && variant.additionalProperties.properties
      ? rows(join(path, '_id_'), variant.additionalProperties)
      : []),
    ...(variant.items ? rows(`${path}[]`, variant.items) : []),
  ]);
}

function keyRows(path: string, node: SchemaNode, required: boolean): string[] {
  const meaning = `${node.description ?? ''}${required ? ' **Required.**' : ''}`
    .replaceAll('|', '\\|')
    .trim();
  return [`| \`${path}\` | ${meaning} |`, ...rows(path, node)];
}

function variants(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ?? [node];
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
