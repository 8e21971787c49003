import { type KeepUntil, spawnProcess, temporaryFile } from '../support/process.js';
import { systemPart } from '../support/system-part.js';
import { until } from '../support/until.js';
import { alertsText } from './monitoring.js';

/** Declares a suite that needs Prometheus; it is skipped without it unless CI=true. */
export const describeWithPrometheus = systemPart('prometheus').describe;

interface Answer<T> {
  readonly status: string;
  readonly error?: string;
  readonly data: T;
}

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A Prometheus that reads the metrics of some gateways every two seconds, and fires the alerts without their delay. */
export class Prometheus {
  private constructor(private readonly url: string) {}

  /** @param jobs management addresses by job */
  static async start(jobs: Readonly<Record<string, string>>, keepUntil: KeepUntil): Promise<Prometheus> {
    const rules = await temporaryFile(
      'alerts.yaml',
      alertsText.replaceAll(/for: \d+m/g, 'for: 0s'),
      keepUntil,
    );
    const config = {
      global: { scrape_interval: '2s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: Object.entries(jobs).map(([job, url]) => ({
        job_name: job,
        static_configs: [{ targets: [new URL(url).host] }],
      })),
    };
    const file = await temporaryFile('prometheus.yaml', JSON.stringify(config), keepUntil);
    const options = {
      'config.file': file,
      'storage.tsdb.path': `${file}-data`,
      'web.listen-address': '127.0.0.1:0',
      'enable-feature': 'exemplar-storage',
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const server = spawnProcess('prometheus', args, {}, keepUntil);
    const address = await until(
      'the address of Prometheus',
      () => /msg="Listening on" address=(\S+)/.exec(server.stderr)?.[1],
      60_000,
    );
    return new Prometheus(`http://${address}`);
  }

  /** @returns the number of series that an expression has */
  async count(expr: string): Promise<number> {
    const query = new URLSearchParams({ query: expr });
    const { result } = await this.ask<{ result: unknown[] }>(`query?${String(query)}`);
    return result.length;
  }

  /** @returns the labels of the exemplars that the series of an expression have had in the last minutes */
  async exemplars(expr: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const now = Date.now() / 1000;
    const query = new URLSearchParams({ query: expr, start: String(now - 600), end: String(now + 60) });
    type Series = { readonly exemplars: readonly { readonly labels: Record<string, string> }[] };
    const series = await this.ask<readonly Series[]>(`query_exemplars?${String(query)}`);
    return series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels));
  }

  async alerts(): Promise<readonly Alert[]> {
    return (await this.ask<{ alerts: Alert[] }>('alerts')).alerts;
  }

  private async ask<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    const { status, error, data } = (await response.json()) as Answer<T>;
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }
}
