import type { SourceNode } from './source-node.js';

const LONGEST_SHOWN = 60;
/** Keys whose values nobody should read in a log. */
const SECRETS: ReadonlySet<string | number | undefined> = new Set([
  'secret',
  'clientSecret',
  'password',
  'token',
]);

/**
 * Says what stands in the file, for a message, without giving away a secret: a substituted scalar
 * is shown as written, and a literal secret, a key or a URL's password not at all.
 */
export function describeFound(node: SourceNode | undefined): string {
  if (!node || node.kind === 'unreadable') return 'nothing';
  if (node.kind === 'mapping') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.substitutedFrom !== undefined) return quote(node.substitutedFrom);
  if (node.value === null) return 'nothing';
  if (SECRETS.has(node.path.at(-1))) return 'a value that is not shown';
  return typeof node.value === 'string' ? describeText(node.value) : String(node.value);
}

function describeText(text: string): string {
  if (text.includes('-----BEGIN')) return 'PEM text';
  return quote(text.replace(/\/\/[^/\s]*@/, '//***@'));
}

function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}
