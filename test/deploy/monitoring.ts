import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const FILES = fileURLToPath(new URL('../../helm/breakwater/files/', import.meta.url));

export interface Expression {
  /** `panel Requests` or `alert BreakwaterDown` */
  readonly place: string;
  readonly expr: string;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

export const alertsText = readFileSync(`${FILES}alerts.yaml`, 'utf8');

const { groups } = parse(alertsText) as Rules;
export const alerts: readonly Expression[] = groups
  .flatMap(({ rules }) => rules)
  .map(({ alert, expr }) => ({ place: `alert ${alert}`, expr }));

const { panels } = JSON.parse(readFileSync(`${FILES}dashboard.json`, 'utf8')) as { panels: readonly Panel[] };
/** What Grafana replaces is replaced: all jobs, upstreams and routes, and rates over 15 seconds. */
export const panelExpressions: readonly Expression[] = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    place: `panel ${title}`,
    expr: expr.replaceAll('$__rate_interval', '15s').replaceAll(/\$\w+/g, '.*'),
  })),
);
