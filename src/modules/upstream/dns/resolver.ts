import { lookup } from 'node:dns/promises';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Finds the addresses of a host. Its answer may take long; nobody waits for it but a host's first connection. */
export interface Resolver {
  /** Milliseconds after which an answer is asked for again. Default 5000. */
  readonly refreshMs?: number;
  /** @throws when the name has no address, or nobody could be asked; an empty answer is the same */
  resolve(host: string): Promise<readonly Address[]>;
}

/** The injected `Resolver`. */
export const RESOLVER = Symbol('breakwater:resolver');

/** libuv has four threads for look-ups, file access and crypto: those that hang may not take them all. */
const AT_ONCE = 2;

/** Asks the system, so that `/etc/hosts`, search domains and `nsswitch.conf` hold as for any other program. */
export class SystemResolver implements Resolver {
  private active = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly ask: Resolver['resolve'] = askSystem) {}

  async resolve(host: string): Promise<readonly Address[]> {
    if (this.active >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
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
