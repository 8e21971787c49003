import type { ReferencedFiles } from './referenced-files.js';

/** What `${...}` may refer to. */
export interface SubstitutionSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: ReferencedFiles;
}

/** `text` holds what was found; it is complete only when there are no `failures`. */
export interface Substitution {
  readonly text: string;
  /** One message for each reference that has no value; they name it and never hold a value. */
  readonly failures: readonly string[];
}

/** Up to its own `}`, so that a reference inside another is seen whole, to be refused. */
const REFERENCE = /\$\$\{|\$\{(?:[^{}]|\{[^}]*\}?)*\}?/g;
// No `{` in a default: `${A:-${B}}` would be the text `${B}` for a value, and a secret that everybody knows.
const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}$/;
const FILE = /^\$\{file:([^{}]+)\}$/;

/**
 * Replaces `${VAR}`, `${VAR:-default}` (also when VAR is empty, as in a shell) and
 * `${file:/run/secrets/x}` (one trailing newline trimmed); `$${` stands for a literal `${`.
 * What is put in is not looked at again.
 * @returns `undefined` when `written` refers to nothing
 */
export function substitute(written: string, sources: SubstitutionSources): Substitution | undefined {
  if (!written.includes('${')) return undefined;
  const failures: string[] = [];
  const text = written.replaceAll(REFERENCE, (reference) => {
    if (reference === '$${') return '${';
    const value = valueOf(reference, sources);
    if ('failure' in value) failures.push(value.failure);
    return 'text' in value ? value.text : '';
  });
  return { text, failures };
}

function valueOf(reference: string, sources: SubstitutionSources): { text: string } | { failure: string } {
  const [, name, fallback] = VARIABLE.exec(reference) ?? [];
  if (name !== undefined) return variable(name, fallback, sources.env);
  const [, file] = FILE.exec(reference) ?? [];
  if (file !== undefined) return fileContent(file, sources.files);
  const forms = '${NAME}, ${NAME:-default} or ${file:path}, with no { inside; a literal ${ is written $${';
  return { failure: `found ${JSON.stringify(reference)}, expected ${forms}` };
}

function variable(name: string, fallback: string | undefined, env: SubstitutionSources['env']) {
  // Own properties only: `${constructor}` is a missing variable, not Object's constructor.
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (fallback !== undefined) return { text: value || fallback };
  if (value !== undefined) return { text: value };
  return {
    failure: `environment variable ${name} is not set; set it, or write a default as in \${${name}:-default}`,
  };
}

function fileContent(file: string, files: ReferencedFiles) {
  const content = files.read(file);
  if ('failure' in content) return { failure: `cannot read ${file}: ${content.failure}` };
  return { text: content.text.replace(/\r?\n$/, '') };
}
