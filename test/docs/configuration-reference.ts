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

One YAML file (JSON is valid YAML). Durations are written \`250ms\`, \`3s\`, \`5m\`, \`1h\`; sizes \`512B\`, \`16KiB\`,
\`10MiB\`; ratios \`50%\`. In values, \`\${VAR}\` and \`\${VAR:-default}\` come from the environment,
\`\${file:/run/secrets/x}\` from a file, and \`$\${\` is a plain \`\${\`. References cannot be nested. If there is an
unknown key, a wrong type or a missing variable, the gateway does not start and lists every problem with its place.

This page is generated from the schema (\`npm run docs\`), which \`breakwater schema\` prints for editors.
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
