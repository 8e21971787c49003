import { dashed } from '../../common/http/header-owners.js';
import type { AuthProviderConfig } from '../config/gateway-config.js';
import { PluginError } from '../plugins/plugin-failure.js';
import type { Plugins } from '../plugins/plugins.service.js';
import { readAuthDecision } from '../plugins/results.js';
import type { Exchange } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { pluginCallFor } from '../routing/plugin-request.js';
import { allows, type Allowed, type AuthPolicy } from './auth-policy.js';
import { identityOf } from './identity-of.js';
import { type Refusal, Unavailable } from './refusal.js';

/** Milliseconds. The next request calls the plugin again. */
const RETRY_AFTER = 1000;
const CHALLENGE = 'Credential realm="breakwater"';

interface PluginProvider {
  readonly id: string;
  readonly plugin: string;
  readonly forwardClaims: AuthProviderConfig['forwardClaims'];
}

type Verdict = Identity | Refusal | undefined;

/** The providers that are plugins. A plugin that fails lets nobody in. */
export class PluginProviders {
  constructor(
    private readonly providers: readonly PluginProvider[],
    private readonly plugins: Pick<Plugins, 'get'>,
  ) {}

  /** @returns what a client is challenged with, for each allowed provider */
  challenges({ config }: Exchange, allowed: Allowed): string[] {
    return this.allowed(allowed).map(
      ({ plugin }) => this.plugins.get(config, plugin).opened.auth?.challenge ?? CHALLENGE,
    );
  }

  /** Keeps credentials of all providers from the upstream, but for those of allowed providers on a route with `forward`. */
  keepBack(exchange: Exchange, policy: AuthPolicy | 'none'): void {
    const names = this.providers
      .filter(({ id }) => policy === 'none' || !policy.forward || !allows(policy.allowed, id))
      .flatMap(({ plugin }) => this.plugins.get(exchange.config, plugin).opened.auth?.headers ?? [])
      .map((name) => dashed(name.toLowerCase()));
    if (names.length === 0) return;
    const { headers = [], ...rest } = exchange.keptBack ?? {};
    exchange.keptBack = { ...rest, headers: new Set([...headers, ...names]) };
  }

  /**
   * Asks the allowed providers in the order of the configuration.
   *
   * @returns `undefined` when none of them knows a credential in the request; a promise only when a plugin returns one
   */
  identify(exchange: Exchange, allowed: Allowed): Verdict | Promise<Verdict> {
    return this.ask(exchange, this.allowed(allowed));
  }

  private ask(exchange: Exchange, providers: readonly PluginProvider[]): Verdict | Promise<Verdict> {
    for (const [i, provider] of providers.entries()) {
      const verdict = this.verdictOf(exchange, provider);
      if (verdict instanceof Promise)
        return verdict.then((each) => each ?? this.ask(exchange, providers.slice(i + 1)));
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  private verdictOf(exchange: Exchange, provider: PluginProvider): Verdict | Promise<Verdict> {
    const { id, plugin, forwardClaims } = provider;
    const instance = this.plugins.get(exchange.config, plugin);
    const read = (result: unknown): Verdict => {
      const decision = readAuthDecision(result);
      if (decision === 'missing') return undefined;
      if (decision === 'invalid') return 'invalid_credential';
      const { subject: sub, scopes, claims } = decision;
      return identityOf({ ...claims, sub, scope: scopes.join(' ') }, id, forwardClaims);
    };
    try {
      const { request, cancellation } = pluginCallFor(exchange);
      const run = () => instance.opened.auth?.authenticate(request);
      const verdict = instance.call({ name: 'auth', run, read, cancellation });
      return verdict instanceof Promise ? verdict.catch(refusalFor) : verdict;
    } catch (error) {
      return refusalFor(error);
    }
  }

  private allowed(allowed: Allowed): readonly PluginProvider[] {
    return this.providers.filter(({ id }) => allows(allowed, id));
  }
}

function refusalFor(error: unknown): Refusal {
  if (!(error instanceof PluginError)) throw error;
  return new Unavailable('auth_plugin_failed', RETRY_AFTER);
}
