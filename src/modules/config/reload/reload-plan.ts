import { turns } from '../../../common/turns.js';
import type { GatewayConfig } from '../gateway-config.js';
import { type ConfigDiff, diffConfigs, keepFixed } from './config-diff.js';
import { type ConfigText, readConfig, type WrittenConfig, writeConfig } from './config-text.js';

interface ReloadPlan {
  /** What the text says. */
  readonly written: WrittenConfig;
  /** What of it can be put in force. */
  readonly config: GatewayConfig;
  readonly diff: ConfigDiff;
  /** Settings whose new values wait for a restart. */
  readonly restartFor: readonly string[];
}

/** @param before what the text before said, if some of it is not in force */
export async function planReload(
  text: ConfigText,
  running: GatewayConfig,
  before?: WrittenConfig,
): Promise<ReloadPlan> {
  const turn = turns();
  const next = await readConfig(text, before ?? (await writeConfig(running, turn)), turn);
  const { config, waiting: restartFor } = keepFixed(next, running);
  return { written: { text, config: next }, config, diff: diffConfigs(running, config), restartFor };
}

/** @returns what a reload from one configuration to another would change: kind of change, section, ids */
export async function explainDiff(before: GatewayConfig, next: GatewayConfig): Promise<string[][]> {
  const { text } = await writeConfig(next, turns());
  const { diff, restartFor } = await planReload(text, before);
  const rows = [
    ...(['added', 'changed', 'removed'] as const).flatMap((kind) => [
      [kind, 'upstreams', diff.upstreams[kind].join(', ')],
      [kind, 'routes', diff.routes[kind].join(', ')],
    ]),
    ['changed', 'sections', diff.sections.join(', ')],
    ['after a restart', 'settings', restartFor.join(', ')],
  ];
  return rows.filter(([, , ids]) => ids !== '');
}
