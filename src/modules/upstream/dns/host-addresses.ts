import type { LookupFunction } from 'node:net';
import { Event } from '../../../common/event.js';
import { jittered } from '../../../common/resilience/jitter.js';
import type { Address, Resolver } from './resolver.js';

const REFRESH_MS = 5_000;
/** Milliseconds, for a name that has never had an address. */
const FIRST_RETRY_MS = 1_000;
const JITTER = 0.2;

/**
 * The addresses of one host, resolved at first use and again in the background from then on. While look-ups fail, the
 * last good addresses stay in use, so that a resolver that fails is no outage.
 */
export class HostAddresses {
  /** The addresses have changed to these. */
  readonly changed = new Event<ReadonlySet<string>>();
  /** A look-up has failed. The addresses from before stay in use. */
  readonly failed = new Event<void>();
  private addresses: readonly Address[] = [];
  private failure: NodeJS.ErrnoException | undefined;
  private asking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private turn = 0;
  private stopped = false;

  constructor(
    private readonly host: string,
    private readonly resolver: Resolver,
    /** In [0, 1). */
    private readonly random: () => number,
  ) {}

  /** For `net.connect`. Only the first connections wait for a look-up. */
  readonly lookup: LookupFunction = (_host, { all, family }, callback) => {
    const answer = () => {
      const wanted = this.inTurn().filter((each) =>
        family !== 4 && family !== 6 ? true : each.family === family,
      );
      const [first] = wanted;
      if (!first) callback(this.failure ?? unknownHost(this.host), []);
      else if (all) callback(null, [...wanted]);
      else callback(null, first.address, first.family);
    };
    if (this.addresses.length > 0 || this.failure) answer();
    else void this.ask().then(answer);
  };

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /**
   * Connections use the addresses of a host in turn. The family that the resolver names first stays first, because the
   * resolver knows which family has a route; the other one is tried soon after (RFC 8305).
   */
  private inTurn(): Address[] {
    const { family } = this.addresses[0] ?? { family: 4 };
    const preferred = this.addresses.filter((each) => each.family === family);
    const others = this.addresses.filter((each) => each.family !== family);
    const turn = this.turn++;
    return [...rotate(preferred, turn), ...rotate(others, turn)];
  }

  private ask(): Promise<void> {
    return (this.asking ??= this.askOnce());
  }

  private async askOnce(): Promise<void> {
    try {
      const addresses = await this.resolver.resolve(this.host);
      if (addresses.length === 0) throw unknownHost(this.host);
      this.take(addresses);
    } catch (error) {
      this.failure = error as NodeJS.ErrnoException;
      this.failed.emit();
    }
    this.asking = undefined;
    if (!this.stopped) this.schedule();
  }

  private take(addresses: readonly Address[]): void {
    const before = setOf(this.addresses);
    const now = setOf(addresses);
    this.addresses = addresses;
    this.failure = undefined;
    if (before.size !== now.size || [...before].some((each) => !now.has(each))) this.changed.emit(now);
  }

  private schedule(): void {
    const { refreshMs = REFRESH_MS } = this.resolver;
    const pause = this.addresses.length > 0 ? refreshMs : Math.min(FIRST_RETRY_MS, refreshMs);
    this.timer = setTimeout(() => void this.ask(), jittered(pause, JITTER, this.random())).unref();
  }
}

function setOf(addresses: readonly Address[]): ReadonlySet<string> {
  return new Set(addresses.map(({ address }) => address));
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** The error of Node's own look-up, so that both are classified alike. */
function unknownHost(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address of ${host}`), { code: 'ENOTFOUND' });
}
