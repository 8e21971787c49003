import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AuthEvents } from '../routing/auth-events.js';

/** One line whenever the keys of a token issuer can no longer be fetched, or can be again. */
@Injectable()
export class KeysLog implements OnModuleInit {
  private readonly logger = new Logger('Jwks');
  private readonly last = new Map<string, string>();

  constructor(@Inject(AuthEvents) private readonly events: AuthEvents) {}

  onModuleInit(): void {
    this.events.keysRefreshed.on((refresh) => {
      const { provider, result } = refresh;
      if (this.last.get(provider) === result) return;
      this.last.set(provider, result);
      if (result === 'success') this.logger.log({ message: 'keys fetched', ...refresh });
      else this.logger.warn({ message: 'keys not fetched', ...refresh });
    });
  }
}
