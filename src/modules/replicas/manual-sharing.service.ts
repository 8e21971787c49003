import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { z } from 'zod';
import { Event } from '../../common/event.js';
import { parseJson } from '../../common/parse-json.js';
import { PROCESS_ROLE, type ProcessRole } from '../config/config.tokens.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { RedisSubscriber } from '../redis/redis.subscriber.js';
import { carryOut, MANUAL_ACTIONS, type ManualCommand } from '../upstream/breaker/manual-command.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { READ_MANUAL, WRITE_MANUAL } from './scripts.js';

const CHANNEL = 'manual';
/** What operators keep open, by upstream. In braces, as the other keys of replicas. */
const KEY = '{replicas}:manual';
/** Arguments of `WRITE_MANUAL`: without an end, and not open any more. */
const [FOREVER, GONE] = [0, -1];

const operatorSchema = z.object({ peer: z.string(), name: z.string() });
const messageSchema = z.object({
  from: z.string(),
  upstream: z.string(),
  action: z.enum(MANUAL_ACTIONS),
  lasts: z.number().positive().optional(),
  reason: z.string(),
  by: operatorSchema,
});
/** Upstream and milliseconds in turn. */
const keptSchema = z.array(z.union([z.string(), z.number()]));

/** What an operator has done to a breaker at another replica. */
export type RemoteCommand = z.output<typeof messageSchema>;

/**
 * Tells the other replicas what operators do to breakers, through Redis. It keeps the breakers that are open by hand, so
 * that replicas which start or come back later open them as well.
 */
@Injectable()
export class ManualSharing implements OnApplicationBootstrap {
  /** An operator has acted on a breaker at another replica, which this one has adopted. */
  readonly received = new Event<RemoteCommand>();
  private readonly id = randomUUID();
  /** Upstreams that are open by a command that replicas share. */
  private readonly shared = new Set<string>();
  private isStarted = false;

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(RedisSubscriber) private readonly subscriber: RedisSubscriber,
    @Inject(PROCESS_ROLE) private readonly role: ProcessRole,
  ) {}

  /** The management port is an application of its own, which calls this as well. */
  onApplicationBootstrap(): void {
    // Workers hear of everything from their primary.
    if (!this.redis.isConfigured || this.role === 'worker' || this.isStarted) return;
    this.isStarted = true;
    void this.subscriber.subscribe(CHANNEL, {
      onMessage: (message) => this.onMessage(message),
      onSubscribed: () => void this.catchUp(),
    });
    // The subscriber has a connection of its own, which may be the first one that is back.
    this.redis.changed.on(({ up }) => void (up && this.catchUp()));
    this.upstreams.each(({ id }) => void (this.redis.isUp && this.catchUp(id)));
  }

  /**
   * Tells the other replicas of a command that this one has carried out.
   *
   * @returns whether Redis has taken it; `undefined` without Redis
   */
  async share(
    { upstream, action, lasts }: ManualCommand,
    reason: string,
    by: RemoteCommand['by'],
  ): Promise<boolean | undefined> {
    if (!this.redis.isConfigured) return undefined;
    const openFor = this.upstreams.find(upstream)?.config.breaker.openFor;
    const kept = { open: openFor, isolate: lasts ?? FOREVER, close: GONE, reset: GONE }[action] ?? GONE;
    const message = JSON.stringify({ from: this.id, upstream, action, lasts, reason, by });
    const channel = this.redis.channel(CHANNEL);
    const written = await this.redis.run((client) =>
      client.eval(WRITE_MANUAL, 1, KEY, upstream, Math.round(kept), channel, message),
    );
    if (written !== undefined) this.note(upstream, kept !== GONE);
    return written !== undefined;
  }

  private onMessage(text: string): void {
    const command = messageSchema.safeParse(parseJson(text)).data;
    if (!command || command.from === this.id) return;
    const upstream = this.upstreams.find(command.upstream);
    if (!upstream) return;
    carryOut(upstream, command);
    this.note(command.upstream, command.action === 'open' || command.action === 'isolate');
    this.received.emit(command);
  }

  /** Adopts what was decided while this replica did not listen. */
  private async catchUp(only?: string): Promise<void> {
    const answer = await this.redis.run((client) => client.eval(READ_MANUAL, 1, KEY));
    const { data } = keptSchema.safeParse(answer);
    if (!data) return;
    const kept = new Map<string, number>();
    for (let i = 0; i < data.length; i += 2) kept.set(String(data[i]), Number(data[i + 1]));
    for (const upstream of this.upstreams.all()) {
      const { id, breaker } = upstream;
      if (only !== undefined && id !== only) continue;
      const lasts = kept.get(id);
      if (lasts !== undefined) {
        if (breaker.isolatedFor === 0)
          carryOut(upstream, {
            upstream: id,
            action: 'isolate',
            lasts: lasts === FOREVER ? undefined : lasts,
          });
      } else if (this.shared.has(id)) {
        breaker.release();
      }
      this.note(id, lasts !== undefined);
    }
  }

  private note(upstream: string, isOpen: boolean): void {
    if (isOpen) this.shared.add(upstream);
    else this.shared.delete(upstream);
  }
}
