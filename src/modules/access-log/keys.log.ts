import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AuthProviders } from '../auth/auth-providers.js';

/** One line whenever the keys of a token issuer can no longer be fetched, or can be again. */
@Injectable()
export class KeysLog implements OnModuleInit {
  private readonly logger = new Logger('Jwks');
  private readonly last = new Map<string, string>();

  constructor(@Inject(AuthProviders) private readonly providers: AuthProviders) {}

  onModuleInit(): void {
    this.providers.keysRefreshed.on((refresh) => {
      const { provider, result } = refresh;
      if (this.last.get(provider) === result) return;
      this.last.set(provider, result);
      if (result === 'success') this.logger.log({ message: 'keys fetched', ...refresh });
      else this.logger.warn({ message: 'keys not fetched', ...refresh });
    });
  }
}
