import { readFileSync } from 'node:fs';
import { runQuietly } from '../../../scripts/lib/children.mjs';
import { inRoot, runtime } from '../../../scripts/lib/project.mjs';
import { findOnPath } from '../find-on-path.mjs';

/** Proxies in a Node process, each a file of a few lines in test/bench/peers. @type {import('./index.mjs').Contender[]} */
export const nodePeers = [
  {
    id: 'bare',
    title: 'node:http + undici, bare',
    role: 'ceiling',
    description: 'the upper limit: a Node process that only forwards requests',
    packages: ['undici'],
  },
  {
    id: 'fastify-http-proxy',
    title: '@fastify/http-proxy',
    description: 'with its defaults, which use undici and no log',
    packages: ['@fastify/http-proxy', 'fastify'],
  },
  {
    id: 'httpxy',
    title: 'httpxy',
    description: 'behind `node:http`, with an agent that keeps connections alive',
    packages: ['httpxy'],
  },
  {
    id: 'http-proxy-middleware',
    title: 'http-proxy-middleware on Express',
    description: 'the only options are the upstream and an agent that keeps connections alive',
    packages: ['http-proxy-middleware', 'express'],
  },
  {
    id: 'http-proxy-middleware-nest',
    title: 'http-proxy-middleware in Nest',
    description: 'the same as a middleware of a Nest application on Express',
    packages: ['http-proxy-middleware', '@nestjs/core'],
  },
  {
    id: 'recipe',
    title: 'Express + axios + opossum',
    description:
      'the recipe of many articles: an Express handler that calls axios through an opossum breaker and sends what it returned as JSON',
    packages: ['express', 'axios', 'opossum'],
    onlyJson: true,
  },
  {
    id: 'recipe-cached',
    title: 'Express + Redis cache',
    description: 'the same recipe, with the answers kept in Redis for five minutes; every request is a hit',
    packages: ['express', 'ioredis'],
    forwards: false,
    entry: 'recipe',
    needsRedis: true,
  },
  {
    id: 'nest-constant',
    title: 'Nest, a constant',
    role: 'constant',
    description:
      'a Nest handler on Express with one guard and one interceptor; it returns a constant and forwards nothing',
    packages: ['@nestjs/core', 'express'],
    forwards: false,
  },
].map(asContender);

function asContender({ packages, needsRedis, entry, ...contender }) {
  const script = inRoot(`test/bench/peers/${entry ?? contender.id}.mjs`);
  return {
    role: 'peer',
    forwards: true,
    ...contender,
    needsRedis,
    missing: () => (needsRedis && !findOnPath('redis-server') ? '`apt install redis-server`' : undefined),
    version: async () => packages.map((name) => `${name} ${versionOf(name)}`).join(', '),
    launch: async ({ upstreamUrl, redisUrl }) => ({
      command: [runtime(), script, upstreamUrl, ...(needsRedis ? [redisUrl] : [])],
      headers: {},
    }),
  };
}

const versionOf = (name) =>
  JSON.parse(readFileSync(inRoot(`node_modules/${name}/package.json`), 'utf8')).version;

export const nodeVersion = async () => (await runQuietly(runtime(), ['--version'])).stdout.trim();
