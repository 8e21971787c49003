import type { ExecutionContext, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthPolicy } from './auth-policy.js';

/** Anybody may call. */
export const IsPublic = Reflector.createDecorator<true>();
export const RequiredScopes = Reflector.createDecorator<readonly string[]>();
/** The route of the configuration says who may call, and not the code. */
export const ByRoute = Reflector.createDecorator<true>();

export type HandlerRule = 'by-route' | 'none' | AuthPolicy;

type Handler = ReturnType<ExecutionContext['getHandler']>;

const TOKEN = new AuthPolicy({});

/** What decorators say of handlers, read once for each. */
export class HandlerRules {
  private readonly reflector = new Reflector();
  /** By class, too: two of them may inherit one handler. */
  private readonly byClass = new WeakMap<Type, Map<Handler, HandlerRule>>();

  of(controller: Type, handler: Handler): HandlerRule {
    let rules = this.byClass.get(controller);
    if (!rules) this.byClass.set(controller, (rules = new Map()));
    let rule = rules.get(handler);
    if (rule === undefined) rules.set(handler, (rule = this.read(controller, handler)));
    return rule;
  }

  /**
   * What is nearer to the handler counts, except that the scopes of its class are required as well. Where both are said
   * at one place, scopes win: a mistake must not let everybody in.
   */
  private read(controller: Type, handler: Handler): HandlerRule {
    const { reflector } = this;
    if (reflector.get(ByRoute, handler)) return 'by-route';
    const own = reflector.get(RequiredScopes, handler);
    if (own === undefined && (reflector.get(IsPublic, handler) || isPublicClass(controller))) return 'none';
    const scopes = [...(reflector.get(RequiredScopes, controller) ?? []), ...(own ?? [])];
    return scopes.length === 0 ? TOKEN : new AuthPolicy({ scopes });
  }
}

/** By the nearest class that says either: what is inherited opens no class that requires scopes. */
function isPublicClass(controller: Type): boolean {
  for (let each: object | null = controller; each !== null; each = Reflect.getPrototypeOf(each)) {
    if (Reflect.hasOwnMetadata(RequiredScopes.KEY, each)) return false;
    if (Reflect.hasOwnMetadata(IsPublic.KEY, each)) return true;
  }
  return false;
}
