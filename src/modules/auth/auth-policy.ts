import type { ClaimRequirement, RouteAuthConfig } from '../config/gateway-config.js';
import type { Identity } from '../routing/identity.js';
import type { Allowed } from './auth-providers.js';
import { claimPath } from './claim-path.js';

type ClaimCheck = (claims: Identity['claims']) => boolean;

/** What a route or a handler requires of who calls it, compiled. */
export class AuthPolicy {
  readonly allowed: Allowed;
  readonly optional: boolean;
  readonly forward: boolean;
  /** As `WWW-Authenticate` lists them. */
  readonly scopeList: string;
  private readonly scopes: readonly string[];
  private readonly claims: readonly ClaimCheck[];

  constructor({ providers, scopes = [], claims = {}, optional, forward }: Partial<RouteAuthConfig>) {
    this.allowed = providers && new Set(providers);
    this.optional = optional ?? false;
    this.forward = forward ?? false;
    this.scopes = scopes;
    this.scopeList = scopes.join(' ');
    this.claims = Object.entries(claims).map(([name, requirement]) => claimCheck(name, requirement));
  }

  /** @returns what the identity lacks, or `undefined` */
  lack(identity: Identity): 'insufficient_scope' | 'insufficient_claims' | undefined {
    for (const scope of this.scopes) {
      if (!identity.scopes.includes(scope)) return 'insufficient_scope';
    }
    for (const holds of this.claims) {
      if (!holds(identity.claims)) return 'insufficient_claims';
    }
    return undefined;
  }
}

function claimCheck(name: string, requirement: ClaimRequirement): ClaimCheck {
  const valueOf = claimPath(name);
  if ('contains' in requirement) {
    const { contains } = requirement;
    return (claims) => {
      const list = valueOf(claims);
      return Array.isArray(list) && contains.every((each) => list.includes(each));
    };
  }
  const accepted: ReadonlySet<unknown> = new Set(requirement.oneOf);
  return (claims) => accepted.has(valueOf(claims));
}
