import type { ExecutionContext, Type } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { Reflector } from '@nestjs/core';
import type { ClaimRequirement, RouteAuthConfig } from '../config/gateway-config.js';
import { CodeRouteMetadata } from '../routing/code-route.js';
import type { Identity } from '../routing/identity.js';
import { claimPath } from '../../common/claim-path.js';

/** Ids of the providers that a route accepts; `undefined`: every one. Equal choices are one object. */
export type Allowed = ReadonlySet<string> | undefined;

export function allows(allowed: Allowed, provider: string): boolean {
  return allowed === undefined || allowed.has(provider);
}

type ClaimCheck = (claims: Identity['claims']) => boolean;

/** What a route or a handler requires of the caller, compiled. */
export class AuthPolicy {
  readonly allowed: Allowed;
  readonly optional: boolean;
  readonly forward: boolean;
  /** As `WWW-Authenticate` lists them. */
  readonly scopeList: string;
  private readonly scopes: readonly string[];
  private readonly claims: readonly ClaimCheck[];

  constructor({ providers, scopes = [], claims = {}, optional, forward }: Partial<RouteAuthConfig>) {
    this.allowed = providers && choiceOf(providers);
    this.optional = optional ?? false;
    this.forward = forward ?? false;
    this.scopes = scopes;
    this.scopeList = scopes.join(' ');
    this.claims = Object.entries(claims).map(([name, requirement]) => claimCheck(name, requirement));
  }

  /** @returns what the identity lacks, or `undefined` */
  lack(identity: Identity): 'insufficient_scope' | 'insufficient_claims' | undefined {
    if (!this.scopes.every((scope) => identity.scopes.includes(scope))) return 'insufficient_scope';
    return this.claims.every((holds) => holds(identity.claims)) ? undefined : 'insufficient_claims';
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

const choices = new Map<string, ReadonlySet<string>>();

/** @returns one object for equal choices */
export function choiceOf(providers: readonly string[]): ReadonlySet<string> {
  const name = JSON.stringify(providers.toSorted());
  const choice = choices.get(name) ?? new Set(providers);
  choices.set(name, choice);
  return choice;
}

/** Anybody may call. */
export const IsPublic = Reflector.createDecorator<true>();
export const RequiredScopes = Reflector.createDecorator<readonly string[]>();
/** The route of the configuration decides who may call, and not the code. */
export const ByRoute = Reflector.createDecorator<true>();

/** `by-default` requires a credential as soon as a provider is configured. */
export type HandlerRule = 'by-route' | 'by-default' | 'none' | AuthPolicy;

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** Any valid credential. */
export const REQUIRED = new AuthPolicy({});

/** What the decorators of handlers require, read once for each handler. */
export class HandlerRules {
  private readonly reflector = new Reflector();
  /** By class, too: two classes may inherit one handler. */
  private readonly byClass = new WeakMap<Type, Map<Handler, HandlerRule>>();

  /** @param guard that asks; a class that applies it requires a credential, whatever is configured */
  constructor(private readonly guard: Type) {}

  of(controller: Type, handler: Handler): HandlerRule {
    let rules = this.byClass.get(controller);
    if (!rules) this.byClass.set(controller, (rules = new Map()));
    let rule = rules.get(handler);
    if (rule === undefined) rules.set(handler, (rule = this.read(controller, handler)));
    return rule;
  }

  /**
   * The decorators of the handler count before those of its class, except that the scopes of the class are required as
   * well. Scopes win over `Public` in the same place: a mistake must not let everybody in. `@GatewayRoute()` says nothing
   * about `auth` where it has no such option.
   */
  private read(controller: Type, handler: Handler): HandlerRule {
    const { reflector } = this;
    if (reflector.get(ByRoute, handler)) return 'by-route';
    const route = reflector.get(CodeRouteMetadata, handler)?.config;
    const auth = route?.auth === 'none' ? undefined : route?.auth;
    const own = reflector.get(RequiredScopes, handler);
    const isPublic = route?.auth === 'none' || reflector.get(IsPublic, handler) || isPublicClass(controller);
    const isOpen = own === undefined && !auth && !route?.scopes.length;
    if (isOpen && isPublic) return 'none';
    const ofClass = reflector.get(RequiredScopes, controller);
    const scopes = [ofClass, own, route?.scopes, auth?.scopes].flatMap((each) => each ?? []);
    if (auth) return new AuthPolicy({ ...auth, scopes });
    if (scopes.length > 0) return new AuthPolicy({ scopes });
    return route && !ofClass && !this.isAppliedTo(controller) ? 'by-default' : REQUIRED;
  }

  private isAppliedTo(controller: Type): boolean {
    // What `@UseGuards` stores.
    const guards = Reflect.getMetadata(GUARDS_METADATA, controller) as readonly unknown[] | undefined;
    return guards?.includes(this.guard) === true;
  }
}

/** The nearest class that says either counts: an inherited `Public` opens no class that requires scopes. */
function isPublicClass(controller: Type): boolean {
  for (let each: object | null = controller; each !== null; each = Reflect.getPrototypeOf(each)) {
    if (Reflect.hasOwnMetadata(RequiredScopes.KEY, each)) return false;
    if (Reflect.hasOwnMetadata(IsPublic.KEY, each)) return true;
  }
  return false;
}
