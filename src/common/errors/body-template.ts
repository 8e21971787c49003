import { STATUS_CODES } from 'node:http';
import type { ProblemDetails } from './problem.js';

/** Other braces, as those of JSON and CSS, are text. */
const PLACEHOLDER = /\{(status|reason|code|type|title|detail|upstream|requestId)\}/;

type Escape = (value: string) => string;

/**
 * Compiles a text with placeholders such as `{requestId}`.
 *
 * @param mediaType decides how values are escaped: as in HTML and XML, as in a string of JSON, or not at all
 * @returns the text for an error; what an error does not have is left empty
 */
export function compileBody(mediaType: string, text: string): (problem: ProblemDetails) => string {
  const escape = escapeOf(mediaType);
  // Texts and names in turn.
  const parts = text.split(PLACEHOLDER);
  return (problem) => parts.map((part, i) => (i % 2 === 0 ? part : escape(valueOf(problem, part)))).join('');
}

function valueOf(problem: ProblemDetails, name: string): string {
  if (name === 'reason') return STATUS_CODES[problem.status] ?? 'Error';
  // The placeholders are members of the document.
  return String(problem[name as keyof ProblemDetails] ?? '');
}

function escapeOf(mediaType: string): Escape {
  if (/[/+](?:html|xml)$/.test(mediaType)) return escapeMarkup;
  if (/[/+]json$/.test(mediaType)) return (value) => JSON.stringify(value).slice(1, -1);
  return (value) => value;
}

function escapeMarkup(value: string): string {
  return value.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
