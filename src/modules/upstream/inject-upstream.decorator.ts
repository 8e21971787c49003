import { Inject } from '@nestjs/common';

/** The token of an upstream's `UpstreamProxy`. */
export function getUpstreamToken(id: string): string {
  return `breakwater:upstream:${id}`;
}

/**
 * Injects the `UpstreamProxy` of an upstream from the configuration.
 *
 * @param id the upstream's key under `upstreams`
 */
export function InjectUpstream(id: string): ParameterDecorator & PropertyDecorator {
  return Inject(getUpstreamToken(id));
}
