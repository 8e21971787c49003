import { Inject } from '@nestjs/common';

/** @returns the token of an upstream's `UpstreamProxy` */
export function getUpstreamToken(id: string): string {
  return `breakwater:upstream:${id}`;
}

/** @returns the token of an upstream's `UpstreamHealthIndicator` */
export function getUpstreamHealthToken(id: string): string {
  return `breakwater:upstream-health:${id}`;
}

/** @returns the token of an upstream's `HttpService` */
export function getUpstreamHttpToken(id: string): string {
  return `breakwater:upstream-http:${id}`;
}

/** Injects the `UpstreamProxy` of an upstream; the module imports `UpstreamModule.forFeature(id)`. */
export function InjectUpstream(id: string): ParameterDecorator & PropertyDecorator {
  return Inject(getUpstreamToken(id));
}

/** Injects the `UpstreamHealthIndicator` of an upstream; the module imports `UpstreamModule.forFeature(id)`. */
export function InjectUpstreamHealth(id: string): ParameterDecorator & PropertyDecorator {
  return Inject(getUpstreamHealthToken(id));
}

/**
 * Injects the `HttpService` of an upstream, where a module imports several of `UpstreamModule.forFeature(id)`. In a module
 * that imports one, `HttpService` itself is injectable.
 */
export function InjectUpstreamHttp(id: string): ParameterDecorator & PropertyDecorator {
  return Inject(getUpstreamHttpToken(id));
}
