import { prefault, z } from 'zod';
import { statuses } from './http.js';
import { boolean, list, text, textLike } from './scalars.js';

/** RFC 3986 section 3, with nothing that would have to be escaped. */
const URI_START = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]*$/;
/** What a text can be filled into without a change of its meaning. */
const TEXT_TYPE =
  /^(?:text\/(?:html|plain|xml)|application\/(?:json|xml|[a-z0-9][a-z0-9.-]*\+json|[a-z0-9][a-z0-9.-]*\+xml))$/;

const bodySchema = z.strictObject({
  statuses: prefault(statuses(), ['400-599']).describe(
    'Statuses of the errors, such as `[503]` or `[500-599]`.',
  ),
  contentType: textLike(
    TEXT_TYPE,
    'a media type without parameters such as text/html, text/plain, application/json or application/xml',
  ).describe(
    'Media type. A `text/html` body is for browsers, in place of the page of the gateway. A body of any other type is for all other clients, in place of the problem document.',
  ),
  body: text('a text, also from a file with ${file:...}').describe(
    'The text, also from a file with `${file:...}`. `{status}`, `{reason}`, `{code}`, `{type}`, `{title}`, `{detail}`, `{upstream}` and `{requestId}` are filled in, escaped as the media type requires.',
  ),
});

export const errorsSchema = z.strictObject({
  typeBase: prefault(
    textLike(URI_START, 'the start of an absolute URI such as https://errors.example.com/'),
    'urn:breakwater:problem:',
  ).describe('Start of the `type` of problem documents. The code of the error follows it.'),
  html: boolean(true).describe(
    'Whether browsers get errors as a page: clients whose `Accept` prefers `text/html`. All others get problem documents.',
  ),
  bodies: list(bodySchema).describe(
    'Custom bodies of errors. The first entry for the status and the kind of client is used.',
  ),
});
