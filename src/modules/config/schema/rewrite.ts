import { z } from 'zod';
import { parseTarget } from '../../../common/http/request-target.js';
import { pathFault } from './path-pattern.js';

const TEMPLATE = 'a path such as /v1/{rest}: literal segments, and parameters of `match.path` as whole ones';
const PREFIX = 'a path such as /users, of literal segments and without a slash at its end';

export const rewriteSchema = z
  .strictObject({
    stripPrefix: z
      .string(PREFIX)
      .refine((prefix) => isPath(prefix) && !/[{}]|\/$/.test(prefix), PREFIX)
      .optional()
      .describe('Start of the path that is taken off, by whole segments. Or `path`.'),
    path: z
      .string(TEMPLATE)
      .refine(isPath, TEMPLATE)
      .optional()
      .describe('Path to forward: `{name}` is a segment of the matched path, `{rest}` what `/**` took.'),
  })
  .transform(({ stripPrefix, path }, context) => {
    if (stripPrefix !== undefined && path === undefined) return { stripPrefix };
    if (path !== undefined && stripPrefix === undefined) return { path };
    context.addIssue({ code: 'custom', message: '`stripPrefix` or `path`, one of them' });
    return z.NEVER;
  });

function isPath(path: string): boolean {
  if (!path.startsWith('/') || path.includes('**') || pathFault(path) !== undefined) return false;
  try {
    parseTarget(path);
    return true;
  } catch {
    return false;
  }
}
