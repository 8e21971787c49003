import type { BalancerCall, BalancerTarget } from '../../config/plugins/plugin.types.js';
import { PluginError } from '../../plugins/plugin-failure.js';
import type { Plugins } from '../../plugins/plugins.service.js';
import type { Target } from '../target.js';
import type { UpstreamRequest } from '../upstream.types.js';
import type { Balancer } from './balancer.js';

/** Finds the plugins in force: a reload gives one other options without a new set of targets. */
export type FindsPlugins = Pick<Plugins, 'find'>;

/** Lets a plugin choose. When it fails or has no preference, another balancer chooses. */
export class PluginBalancer implements Balancer {
  /** What the plugin sees of each target. */
  private readonly views: ReadonlyMap<Target, BalancerTarget>;
  private targets: readonly Target[];

  constructor(
    private readonly upstream: string,
    private readonly id: string,
    private readonly plugins: FindsPlugins,
    all: readonly Target[],
    private readonly otherwise: Balancer,
  ) {
    this.targets = all;
    this.views = new Map(all.map((target) => [target, viewOf(target)]));
  }

  use(targets: readonly Target[]): void {
    this.targets = targets;
    this.otherwise.use(targets);
  }

  pick(key: string | undefined, tried: readonly Target[], request: UpstreamRequest): Target {
    return this.ask(tried, request) ?? this.otherwise.pick(key, tried, request);
  }

  private ask(tried: readonly Target[], request: UpstreamRequest): Target | undefined {
    const plugin = this.plugins.find(this.id);
    if (!plugin) return undefined;
    const candidates = this.targets.filter((target) => !tried.includes(target));
    const views = candidates.flatMap((target) => this.views.get(target) ?? []);
    try {
      return plugin.call({
        name: 'balancer',
        isSync: true,
        run: () => plugin.opened.balancer?.(views, callOf(this.upstream, request)),
        read: (result) => {
          const chosen = candidates[views.findIndex((view) => view === result)];
          if (result === undefined || chosen) return chosen;
          throw new TypeError('something other than one of the targets');
        },
      });
    } catch (error) {
      if (error instanceof PluginError) return undefined;
      throw error;
    }
  }
}

function viewOf(target: Target): BalancerTarget {
  return Object.freeze({
    url: target.url,
    get weight() {
      return target.weight;
    },
    get inFlight() {
      return target.inFlight;
    },
  });
}

function callOf(upstream: string, { method, path, headers = [] }: UpstreamRequest): BalancerCall {
  return {
    upstream,
    method,
    path,
    header: (name) => {
      const wanted = name.toLowerCase();
      const at = headers.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === wanted);
      return at === -1 ? undefined : headers[at + 1];
    },
  };
}
