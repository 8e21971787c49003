import { findSpringGateway, springVersion } from '../peers/install-spring.mjs';
import { findOnPath } from '../find-on-path.mjs';
import { howToInstall } from './install-hint.mjs';

/** @type {import('./index.mjs').Contender} */
export const springGateway = {
  id: 'spring-cloud-gateway',
  title: 'Spring Cloud Gateway',
  role: 'server',
  description: 'on WebFlux and Netty with its defaults, one route',
  forwards: true,
  missing: () => (findSpringGateway() && findOnPath('java') ? undefined : howToInstall),
  version: async () => springVersion(),
  async launch({ prefixes, upstreamUrl }) {
    const routes = prefixes.map((prefix) => ({
      id: prefix.slice(1),
      uri: upstreamUrl,
      predicates: [`Path=${prefix}/**`],
    }));
    const settings = {
      server: { port: 0, address: '127.0.0.1', netty: { 'idle-timeout': '65s' } },
      logging: { level: { root: 'ERROR' } },
      spring: { cloud: { gateway: { server: { webflux: { routes } } } } },
    };
    return {
      command: ['java', '-jar', findSpringGateway()],
      env: { SPRING_APPLICATION_JSON: JSON.stringify(settings) },
      headers: {},
    };
  },
};
