import { reasonOf } from '../../../common/errors/fault.js';
import { type ConfigProblem, sortProblems } from '../problem.js';
import { validate } from '../schema/validate.js';
import { ConfigValue } from '../source/config-value.js';
import { sourceLinesOf } from '../source/source-line.js';
import { kindsOf, PLUGIN_KINDS } from './define-plugin.js';
import { findPlugin, type PluginOptions } from './find-plugin.js';
import { OpenedPlugin } from './opened-plugin.js';
import type { Plugin } from './plugin.types.js';
import type { PluginSources } from './plugin-sources.js';

/** An entry of `plugins` whose options are checked. */
interface PreparedPlugin {
  readonly id: string;
  /** @throws Error why the plugin cannot start */
  open(): OpenedPlugin;
  /** The same in the words of a configuration. */
  problem(error: unknown): ConfigProblem;
}

/** Loads the plugins that a file names, and checks their options and that each offers what it is used for. */
export function preparePlugins(sources: PluginSources, options: PluginOptions) {
  const plugins: PreparedPlugin[] = [];
  const problems: ConfigProblem[] = [];
  const section = new ConfigValue(sources.section, ['plugins']);
  for (const entry of section.entries()) {
    const { key: id } = entry;
    const use = entry.at('use');
    // The schema reports what is no text.
    if (!entry.isMapping || (use.isWritten && use.text === undefined)) continue;
    const found = findPlugin(use.text ?? id, sources.folder, options);
    if (!found) continue;
    if ('failure' in found) {
      problems.push(unknownPlugin(use, id, found.failure, options));
      continue;
    }
    const { plugin } = found;
    const kinds = kindsOf(plugin);
    const offered = kinds.map((kind) => PLUGIN_KINDS[kind]).join(', ');
    for (const { id: used, kind, problem } of sources.uses) {
      if (used !== id || kinds.includes(kind)) continue;
      problems.push({ ...problem, message: `${problem.message}; \`${plugin.name}\` offers ${offered}` });
    }
    const checked = checkOptions(plugin, entry.at('options'));
    problems.push(...checked.problems);
    // Without problems, too, when a variable is missing, which is reported elsewhere.
    if (!('parsed' in checked)) continue;
    const { parsed } = checked;
    plugins.push({
      id,
      open: () => new OpenedPlugin(id, plugin, parsed, sources.folder),
      problem: (error) => entry.problem(`the plugin cannot start: ${reasonOf(error)}`),
    });
  }
  return { plugins, problems };
}

export interface PluginCheck extends PluginOptions {
  /** Whether each plugin is opened once. Default: true. */
  readonly opens?: boolean;
}

/** @returns the problems of the plugins of a file, sorted, with the lines that they are about */
export function pluginProblems(
  sources: PluginSources | undefined,
  { opens = true, ...options }: PluginCheck,
): ConfigProblem[] {
  if (!sources) return [];
  const { plugins, problems } = preparePlugins(sources, options);
  const failed = opens ? plugins.flatMap((each) => startProblems(each)) : [];
  const sourceLine = sourceLinesOf(sources.text);
  const withLines = [...problems, ...failed].map((problem) => ({
    ...problem,
    source: sourceLine(problem),
  }));
  return sortProblems(withLines);
}

function startProblems(plugin: PreparedPlugin): ConfigProblem[] {
  try {
    plugin.open().close();
    return [];
  } catch (error) {
    return [plugin.problem(error)];
  }
}

/** @returns `parsed` only for options that the plugin can be opened with */
function checkOptions(
  { name, options }: Plugin,
  written: ConfigValue,
): { parsed?: unknown; problems: readonly ConfigProblem[] } {
  // The schema of the gateway reports it.
  if (written.isWritten && !written.isMapping) return { problems: [] };
  if (!options) {
    if (written.keys().length === 0) return { parsed: undefined, problems: [] };
    return { problems: [written.problemWithKey(`\`${name}\` takes no options`)] };
  }
  try {
    // Without options, each key that the plugin requires is missing, and not the mapping.
    return validate(options, written.orEmpty());
  } catch (error) {
    // A function in the schema throws or returns a promise, or the schema is of an incompatible version of zod.
    return { problems: [written.problem(`the plugin cannot check its options: ${reasonOf(error)}`)] };
  }
}

function unknownPlugin(
  use: ConfigValue,
  id: string,
  failure: string,
  { given = [] }: PluginOptions,
): ConfigProblem {
  const names = given.map(({ name }) => name).join(', ');
  const inCode = names === '' ? '' : `, or the name of a plugin of the application (${names})`;
  if (use.isWritten)
    return use.expected(`a package or the path of a module with a plugin${inCode}: ${failure}`);
  return use.expected(
    `a package or the path of a module${inCode}: no plugin of the application is named ${JSON.stringify(id)}`,
  );
}
