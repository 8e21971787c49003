import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AuthProviders } from '../auth/auth-providers.js';
import { ConfigReloader } from '../config/reload/config-reloader.js';
import { ProbeScheduler } from '../health/probe.scheduler.js';
import { RedisConnection } from '../redis/redis.connection.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { targetStateOf } from './target-state.js';
import type { TargetState } from './shapes.js';
import { Timeline } from './timeline.js';

/** Milliseconds between two looks at the targets. */
const INTERVAL = 250;

/** Writes down what happens. Of several processes, the primary does: it adopts what has happened in its workers. */
@Injectable()
export class TimelineObserver implements OnModuleInit, OnApplicationShutdown {
  /** By upstream and target. */
  private readonly targetStates = new Map<string, Map<string, TargetState>>();
  private readonly probeResults = new Map<string, Map<string, string>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Timeline) private readonly timeline: Timeline,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ProbeScheduler) private readonly probes: ProbeScheduler,
    @Inject(ConfigReloader) private readonly reloader: ConfigReloader,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
  ) {}

  onModuleInit(): void {
    const { timeline } = this;
    this.watchUpstreams();
    this.probes.probed.on(({ upstream, results }) => {
      for (const [i, { name: target }] of upstream.targets.all.entries()) {
        const result = results[i];
        if (!result || !isNews(this.probeResults, upstream.id, target, `${result.passed} ${result.detail}`))
          continue;
        timeline.add({ kind: 'probe', upstream: upstream.id, target, ...result });
      }
    });
    this.reloader.reloaded.on(({ cause, result, diff, error }) => {
      const { revision, hash } = this.reloader.status;
      timeline.add({ kind: 'reload', cause, result, revision, hash, diff, error });
    });
    this.redis.changed.on(({ up, reason }) => timeline.add({ kind: 'redis', up, reason }));
    const keys = new Map<string, string>();
    this.providers.keysRefreshed.on(({ provider, result }) => {
      if (keys.get(provider) !== result) timeline.add({ kind: 'keys', provider, result });
      keys.set(provider, result);
    });
    this.timer = setInterval(() => this.lookAtTargets(), INTERVAL).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private watchUpstreams(): void {
    const { timeline, upstreams } = this;
    let areStarted = false;
    upstreams.each((upstream) => {
      const { id, breaker } = upstream;
      if (areStarted) timeline.add({ kind: 'upstream', upstream: id, isRemoved: false });
      this.targetStates.set(id, statesOf(upstream));
      breaker.transition.on(({ from, to, reason, votes, failures }) => {
        const retryAfter = to === 'open' ? breaker.retryAfterSeconds : undefined;
        timeline.add({ kind: 'transition', upstream: id, from, to, reason, votes, failures, retryAfter });
      });
    });
    areStarted = true;
    upstreams.removed.on(({ id }) => {
      this.targetStates.delete(id);
      this.probeResults.delete(id);
      timeline.add({ kind: 'upstream', upstream: id, isRemoved: true });
      timeline.forget(id);
    });
  }

  /** The state of a target depends on probes, tries and other processes, so what has become of them is compared. */
  private lookAtTargets(): void {
    for (const upstream of this.upstreams.all()) {
      const before = this.targetStates.get(upstream.id);
      const now = statesOf(upstream);
      for (const [target, to] of now) {
        const from = before?.get(target) ?? 'available';
        if (from !== to) this.timeline.add({ kind: 'target', upstream: upstream.id, target, from, to });
      }
      this.targetStates.set(upstream.id, now);
    }
  }
}

function statesOf({ targets }: UpstreamProxy): Map<string, TargetState> {
  return new Map(targets.all.map((target) => [target.name, targetStateOf(target)]));
}

/** @returns whether the value is another one than the last of the same names */
function isNews(known: Map<string, Map<string, string>>, a: string, b: string, value: string): boolean {
  let values = known.get(a);
  if (!values) known.set(a, (values = new Map()));
  if (values.get(b) === value) return false;
  values.set(b, value);
  return true;
}
