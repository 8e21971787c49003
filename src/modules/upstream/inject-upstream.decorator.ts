import { Inject } from '@nestjs/common';

/** @returns the token of an upstream's `UpstreamProxy` */
export function getUpstreamToken(id: string): string {
  return `breakwater:upstream:${id}`;
}

/** @returns the token of an upstream's `UpstreamHealthIndicator` */
export function getUpstreamHealthToken(id: string): string {
  return `breakwater:upstream-health:${id}`;
}

/** Injects the `UpstreamProxy` of an upstream; the module imports `UpstreamModule.forFeature(id)`. */
export function InjectUpstream(id: string): ParameterDecorator & PropertyDecorator {
  return Inject(getUpstreamToken(id));
}

/** Injects the `UpstreamHealthIndicator` of an upstream; the module imports `UpstreamModule.forFeature(id)`. */
export function InjectUpstreamHealth(id: string): ParameterDecorator & PropertyDecorator {
  return Inject(getUpstreamHealthToken(id));
}
