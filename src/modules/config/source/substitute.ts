import { dirname, resolve } from 'node:path';

/** What a configuration can refer to. */
export interface Sources {
  /** Path of the configuration file; file names in it are relative to its folder. */
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads secrets and keys. It throws when a file cannot be read, which becomes a problem. */
  readonly readFile: (path: string) => string;
}

/** A reference up to its own `}`, so that one inside another is seen whole and refused. */
const REFERENCE = /\$\$\{|\$\{(?:[^{}]|\{[^}]*\}?)*\}?/g;
// A default must not contain `{`: `${A:-${B}}` would yield the text `${B}`, a secret that everybody knows.
const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}$/;
const FILE = /^\$\{file:([^{}]+)\}$/;

/**
 * Replaces `${VAR}`, `${VAR:-default}` (the default applies also when VAR is empty, as in a shell) and
 * `${file:/run/secrets/x}` (one trailing newline trimmed); `$${` stands for a literal `${`.
 * Inserted text is not substituted again.
 * @returns the text, and one message for each reference that has no value, which never contains a value;
 *   `undefined` when `written` contains no reference
 */
export function substitute(written: string, sources: Sources) {
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

function valueOf(reference: string, sources: Sources): { text: string } | { failure: string } {
  const [, name, fallback] = VARIABLE.exec(reference) ?? [];
  if (name !== undefined) return variable(name, fallback, sources.env);
  const [, file] = FILE.exec(reference) ?? [];
  if (file === undefined) {
    const forms = '${NAME}, ${NAME:-default} or ${file:path}, with no { inside; a literal ${ is written $${';
    return { failure: `found ${JSON.stringify(reference)}, expected ${forms}` };
  }
  const content = readReferencedFile(file, sources);
  if ('failure' in content) return { failure: `cannot read ${file}: ${content.failure}` };
  return { text: content.text.replace(/\r?\n$/, '') };
}

function variable(name: string, fallback: string | undefined, env: Sources['env']) {
  // Own properties only: `${constructor}` is a missing variable, not Object's constructor.
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (fallback !== undefined) return { text: value || fallback };
  if (value !== undefined) return { text: value };
  return {
    failure: `environment variable ${name} is not set; set it, or write a default as in \${${name}:-default}`,
  };
}

/** @returns the content of a file that the configuration names, or why it cannot be read, in words */
export function readReferencedFile(
  path: string,
  { file, readFile }: Sources,
): { text: string } | { failure: string } {
  try {
    return { text: readFile(resolve(dirname(file), path)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { failure: READ_FAILURES[code] ?? code };
  }
}

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
  EISDIR: 'it is a directory, not a file',
  ENOTDIR: 'what is before the last / of its path is a file',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 64 MiB',
};
