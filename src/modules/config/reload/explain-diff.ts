import { turns } from '../../../common/turns.js';
import type { GatewayConfig } from '../gateway-config.js';
import { diffConfigs, keepFixed } from './config-diff.js';
import { readConfig, writeConfig } from './config-text.js';

/** @returns what a reload from one configuration to another would change: kind of change, section, ids */
export async function explainDiff(before: GatewayConfig, next: GatewayConfig): Promise<string[][]> {
  const turn = turns();
  const { text } = await writeConfig(next, turn);
  const { config, waiting } = keepFixed(
    await readConfig(text, await writeConfig(before, turn), turn),
    before,
  );
  const { upstreams, routes, sections } = diffConfigs(before, config);
  const rows = [
    ...(['added', 'changed', 'removed'] as const).flatMap((kind) => [
      [kind, 'upstreams', upstreams[kind].join(', ')],
      [kind, 'routes', routes[kind].join(', ')],
    ]),
    ['changed', 'sections', sections.join(', ')],
    ['after a restart', 'settings', waiting.join(', ')],
  ];
  return rows.filter(([, , ids]) => ids !== '');
}
