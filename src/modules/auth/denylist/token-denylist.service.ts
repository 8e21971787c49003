import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import { ConfigStore } from '../../config/config.store.js';
import { CLOCK } from '../../config/config.tokens.js';
import { RedisConnection } from '../../redis/redis.connection.js';
import type { Identity } from '../../routing/identity.js';
import { DeniedTokens, MOST_DENIED } from './denied-tokens.js';

/** A stream: each gateway reads on from where it was. Redis puts the configured prefix before it. */
const KEY = 'denied-tokens';
const FROM_THE_START = '0-0';
/** Milliseconds between looks at Redis. */
const FOLLOW_EVERY = 1_000;
/** Entries at a time. */
const PAGE = 1_000;
const LONGEST_ID = 512;

export interface Denial {
  /** `jti` of the token. */
  readonly id: string;
  /** Its `exp`: seconds since the epoch. */
  readonly expiresAt: number;
}

/** The tokens that are denied before they expire. */
export interface DenylistState {
  readonly size: number;
  /** Whether Redis has been read to its end; `undefined` where none is configured. */
  readonly inStep: boolean | undefined;
}

/** An entry of a stream: its id, names and values in turn. */
type Entry = readonly [id: string, fields: readonly string[]];

/**
 * Tokens that are refused before they expire, by `jti`. The list is in memory, so that no request ever waits for
 * Redis; Redis tells it to all gateways, and while it is away the last known list holds.
 */
@Injectable()
export class TokenDenylist implements OnApplicationBootstrap, OnModuleDestroy {
  /** Tokens of these ids are denied from now on. */
  readonly grown = new Event<readonly string[]>();
  readonly changed = new Event<DenylistState>();
  private readonly denied = new DeniedTokens();
  private readonly largestSkew: number;
  /** The last entry that was read. */
  private position = FROM_THE_START;
  private inStep: boolean | undefined;
  private underWay: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopListening: () => void;

  constructor(
    @Inject(ConfigStore) config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
  ) {
    const skews = Object.values(config.current.auth).map(({ clockSkew }) => clockSkew);
    this.largestSkew = Math.max(0, ...skews);
    // Another server, or one that was restored, may count its entries anew.
    this.stopListening = redis.changed.on(({ up }) => {
      this.position = FROM_THE_START;
      if (up && this.timer) void this.follow();
      else this.report(false);
    });
  }

  /** Reads the list before the first request is let in, if Redis is there. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.redis.isConfigured || this.timer) return;
    this.timer = setInterval(() => void this.follow(), FOLLOW_EVERY).unref();
    await this.follow();
  }

  onModuleDestroy(): void {
    this.stopListening();
    clearInterval(this.timer);
  }

  denies(identity: Identity): boolean {
    if (this.denied.size === 0) return false;
    const id = tokenIdOf(identity);
    return id !== undefined && this.denied.has(id);
  }

  /** Would every provider refuse the token by now, whatever its skew? */
  isOver(denial: Denial): boolean {
    return this.endOf(denial) <= this.clock.wall();
  }

  /**
   * Denies a token here at once, and wherever the same Redis is read within a second or two.
   *
   * @returns `local` without Redis; `unshared` when it could not be told
   */
  async deny({ id, expiresAt }: Denial): Promise<'shared' | 'local' | 'unshared'> {
    this.add([{ id, expiresAt }]);
    if (!this.redis.isConfigured) return 'local';
    const entry = await this.redis.run((client) =>
      client.xadd(KEY, 'MAXLEN', '~', MOST_DENIED, '*', 'jti', id, 'exp', expiresAt),
    );
    return entry === undefined ? 'unshared' : 'shared';
  }

  /** Never fails. Concurrent calls share one reading. */
  private follow(): Promise<void> {
    return (this.underWay ??= this.read().finally(() => (this.underWay = undefined)));
  }

  private async read(): Promise<void> {
    for (let length = PAGE; length === PAGE;) {
      const { position } = this;
      const answer = await this.redis.run((client) => client.xread('COUNT', PAGE, 'STREAMS', KEY, position));
      if (answer === undefined) {
        this.report(false);
        return;
      }
      const entries: readonly Entry[] = answer?.[0]?.[1] ?? [];
      length = entries.length;
      this.add(entries.flatMap(([, fields]) => denialOf(fields) ?? []));
      // Not if Redis came back meanwhile: then all is read again.
      if (this.position === position) this.position = entries.at(-1)?.[0] ?? position;
    }
    this.report(true);
  }

  private add(denials: readonly Denial[]): void {
    const now = this.clock.wall();
    const added = denials.filter((denial) => this.denied.add(denial.id, this.endOf(denial), now));
    if (added.length === 0) return;
    this.grown.emit(added.map(({ id }) => id));
    this.tell();
  }

  /** Milliseconds since the epoch. */
  private endOf({ expiresAt }: Denial): number {
    return expiresAt * 1000 + this.largestSkew;
  }

  private report(inStep: boolean): void {
    if (this.inStep === inStep) return;
    this.inStep = inStep;
    this.tell();
  }

  private tell(): void {
    const { inStep } = this;
    this.changed.emit({ size: this.denied.size, inStep });
  }
}

/** @returns the `jti` of a token, if it is text */
export function tokenIdOf({ claims }: Identity): string | undefined {
  const id = claims['jti'];
  return typeof id === 'string' ? id : undefined;
}

export function isTokenId(text: string): boolean {
  return text !== '' && text.length <= LONGEST_ID;
}

/** @returns `undefined` for what somebody else may have written there */
function denialOf(fields: readonly string[]): Denial | undefined {
  const record = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) record.set(fields[i] ?? '', fields[i + 1] ?? '');
  const id = record.get('jti') ?? '';
  const expiresAt = Number(record.get('exp') ?? Number.NaN);
  return isTokenId(id) && Number.isFinite(expiresAt) ? { id, expiresAt } : undefined;
}
