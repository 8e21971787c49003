import { lookup } from 'node:dns/promises';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Finds the addresses of a host. It may take long: only the first connections to a host wait for it. */
export interface Resolver {
  /** Milliseconds after which a host is resolved again. Default 5000. */
  readonly refreshMs?: number;
  /** @throws when the name has no address or the look-up fails; an empty result means the same */
  resolve(host: string): Promise<readonly Address[]>;
}

/** The injected `Resolver`. */
export const RESOLVER = Symbol('breakwater:resolver');

/** libuv has four threads for look-ups, file access and crypto. Look-ups that hang must not take them all. */
const MAX_CONCURRENT = 2;

/** Asks the system, so that `/etc/hosts`, search domains and `nsswitch.conf` apply as for any other program. */
export class SystemResolver implements Resolver {
  private active = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly ask: Resolver['resolve'] = askSystem) {}

  async resolve(host: string): Promise<readonly Address[]> {
    if (this.active >= MAX_CONCURRENT) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.active++;
    try {
      return await this.ask(host);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.active--;
    }
  }
}

async function askSystem(host: string): Promise<readonly Address[]> {
  const addresses = await lookup(host, { all: true, order: 'verbatim' });
  return addresses.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
}
