import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import { type ConfigApplier, ConfigStore } from '../../config/config.store.js';
import { CLOCK } from '../../config/config.tokens.js';
import type { GatewayConfig } from '../../config/gateway-config.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import type { Identity } from '../../routing/identity.js';
import { DeniedTokens, MAX_DENIED } from './denied-tokens.js';

/** A Redis stream, which each gateway reads on from its own position. The client adds the configured prefix. */
const KEY = 'denied-tokens';
const START = '0-0';
/** Milliseconds between reads. */
const READ_INTERVAL = 1_000;
/** Entries in one read. */
const PAGE_SIZE = 1_000;
const MAX_ID_LENGTH = 512;

export interface Denial {
  /** `jti` of the token. */
  readonly id: string;
  /** Its `exp`: seconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Tokens that are revoked before they expire, by `jti`. The list is in memory, so that no request waits for Redis.
 * Gateways share it through Redis; while Redis is down, each one uses the list that it read last.
 */
@Injectable()
export class TokenDenylist implements ConfigApplier, OnApplicationBootstrap, OnModuleDestroy {
  /** The ids of newly denied tokens. */
  readonly grown = new Event<readonly string[]>();
  /** Whether the stream has been read to its end; `undefined` without Redis. */
  isInStep: boolean | undefined;
  private readonly denied = new DeniedTokens();
  /** Milliseconds: the largest that any configuration had, since a later one may have it again. */
  private largestSkew = 0;
  /** The entry that was read last. */
  private position = START;
  private pending: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopListening: () => void;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
  ) {
    this.prepare(config.current)();
    config.register(this);
    // Another server, or a restored one, may number its entries differently.
    this.stopListening = redis.changed.on(({ up }) => {
      this.position = START;
      if (up && this.timer) void this.refresh();
      else this.isInStep = false;
    });
  }

  prepare({ auth }: GatewayConfig): () => void {
    const skews = Object.values(auth).map(({ clockSkew }) => clockSkew);
    return () => void (this.largestSkew = Math.max(this.largestSkew, ...skews));
  }

  /** Reads the list before the gateway accepts requests, if Redis is up. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.redis.isConfigured || this.timer) return;
    this.timer = setInterval(() => void this.refresh(), READ_INTERVAL).unref();
    await this.refresh();
  }

  onModuleDestroy(): void {
    this.stopListening();
    clearInterval(this.timer);
  }

  get size(): number {
    return this.denied.size;
  }

  denies(identity: Identity): boolean {
    if (this.denied.size === 0) return false;
    const { jti } = identity.claims;
    return typeof jti === 'string' && this.denied.has(jti);
  }

  /** @returns whether the token has expired at every provider, whatever its skew */
  isOver(denial: Denial): boolean {
    return this.endOf(denial) <= this.clock.wall();
  }

  /**
   * Denies a token in this gateway at once, and in others on the same Redis within a second or two.
   *
   * @returns `local` without Redis; `unshared` when Redis could not be written
   */
  async deny({ id, expiresAt }: Denial): Promise<'shared' | 'local' | 'unshared'> {
    this.adopt([{ id, expiresAt }]);
    if (!this.redis.isConfigured) return 'local';
    const entry = await this.redis.run((client) =>
      client.xadd(KEY, 'MAXLEN', '~', MAX_DENIED, '*', 'jti', id, 'exp', expiresAt),
    );
    return entry === undefined ? 'unshared' : 'shared';
  }

  /** Denies tokens that another process or gateway has denied. */
  adopt(denials: readonly Denial[]): void {
    const now = this.clock.wall();
    const added = denials.filter((denial) => this.denied.add(denial.id, this.endOf(denial), now));
    if (added.length > 0) this.grown.emit(added.map(({ id }) => id));
  }

  /** @returns every denied token */
  all(): Denial[] {
    return Array.from(this.denied.entries(), ([id, endsAt]) => ({
      id,
      expiresAt: (endsAt - this.largestSkew) / 1000,
    }));
  }

  /** Never rejects. Concurrent calls share one read. */
  private refresh(): Promise<void> {
    return (this.pending ??= this.read().finally(() => (this.pending = undefined)));
  }

  private async read(): Promise<void> {
    for (let length = PAGE_SIZE; length === PAGE_SIZE;) {
      const { position } = this;
      const answer = await this.redis.run((client) =>
        client.xread('COUNT', PAGE_SIZE, 'STREAMS', KEY, position),
      );
      if (answer === undefined) {
        this.isInStep = false;
        return;
      }
      const entries = answer?.[0]?.[1] ?? [];
      length = entries.length;
      this.adopt(entries.flatMap(([, fields]) => denialOf(fields) ?? []));
      // If Redis reconnected meanwhile, the stream is read from its start again.
      if (this.position === position) this.position = entries.at(-1)?.[0] ?? position;
    }
    this.isInStep = true;
  }

  /** Milliseconds since the epoch. */
  private endOf({ expiresAt }: Denial): number {
    return expiresAt * 1000 + this.largestSkew;
  }
}

export function isTokenId(text: string): boolean {
  return text !== '' && text.length <= MAX_ID_LENGTH;
}

/**
 * @param fields names and values in turn
 * @returns `undefined` for an entry of another form: other tools may write to the stream
 */
function denialOf(fields: readonly string[]): Denial | undefined {
  const record = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) record.set(fields[i] ?? '', fields[i + 1] ?? '');
  const id = record.get('jti') ?? '';
  const expiresAt = Number(record.get('exp') ?? Number.NaN);
  return isTokenId(id) && Number.isFinite(expiresAt) ? { id, expiresAt } : undefined;
}
