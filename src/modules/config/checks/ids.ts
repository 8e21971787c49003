import type { ConfigProblem } from '../problem.js';
import { ID_FORM, ID_PATTERN } from '../schema/scalars.js';
import type { ConfigSource } from '../source/config-source.js';
import { asMapping } from './raw.js';

/** Upstreams and providers whose id is none. */
export function idProblems(source: ConfigSource): ConfigProblem[] {
  return ['auth', 'upstreams'].flatMap((section) =>
    Object.keys(asMapping(source.valueAt([section])))
      .filter((id) => !ID_PATTERN.test(id))
      .map((id) => source.unexpectedKey([section, id], ID_FORM)),
  );
}
