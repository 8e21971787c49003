import express, { type Express, type RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { CodePaths } from './code-paths.js';

const done: RequestHandler = (_req, res) => void res.end();
const catchAll: RequestHandler = (_req, _res, next) => next();

function paths(mount: (app: Express) => void): CodePaths {
  const app = express();
  mount(app);
  app.use(catchAll);
  return new CodePaths(app, new Set([catchAll]));
}

describe('CodePaths', () => {
  it('knows the first segments of what is mounted', () => {
    const code = paths((app) => app.get('/health/live', done).post('/orders/:id', done).all('/', done));
    for (const path of ['/health', '/health/x/y', '/health?a=/b', '/orders/1', '/orders/1?a', '/?a=/b', '/'])
      expect(code.mayTake(path)).toBe(true);
    for (const path of ['/healthy', '/users', '/users?/health', '/Health'])
      expect(code.mayTake(path)).toBe(false);
  });

  it.each([
    ['a parameter first', (app: Express) => app.get('/:any', done)],
    ['an optional part in the first segment', (app: Express) => app.get('/a{b}', done)],
    ['a pattern', (app: Express) => app.get(/^\/x/, done)],
    ['several paths', (app: Express) => app.get(['/x', '/y'], done)],
    ['middleware', (app: Express) => app.use('/x', catchAll, done)],
  ])('leaves everything to Express when there is %s', (_, mount) => {
    expect(paths((app) => void mount(app)).mayTake('/users')).toBe(true);
  });
});
