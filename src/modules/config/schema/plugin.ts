import { optional, prefault, z } from 'zod';
import { byId, positiveDuration, text } from './scalars.js';

const pluginSchema = z
  .strictObject({
    use: optional(text('a package, or the path of a module such as ./plugins/stamp.js')).describe(
      'Package, or path of a module relative to this file, whose default export is a plugin; or the name of a plugin that is given in code. Without this key, the id of the entry is that name.',
    ),
    options: prefault(z.record(z.string(), z.unknown()), {}).describe(
      'Options of the plugin, which it checks by its own schema.',
    ),
    timeout: positiveDuration('1s').describe(
      'Longest time that a call of the plugin can wait for something. A plugin that computes without a pause cannot be interrupted.',
    ),
    onError: prefault(z.enum(['fail', 'skip'], 'fail or skip'), 'fail').describe(
      'What happens when a hook fails: `fail` answers with 500, `skip` continues without the hook.',
    ),
  })
  // `parse-config.ts` fills in the folder of the configuration, which `use` and paths in options are relative to.
  .transform((plugin) => ({ ...plugin, folder: '' }));

export const pluginsSchema = byId(pluginSchema);

export function pluginId(kind: string) {
  return text(`the id of an entry of \`plugins\` that offers ${kind}`);
}
