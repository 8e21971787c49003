// The recipe of many articles: an Express handler that calls the service with axios through an opossum breaker, and with a
// Redis URL keeps the answers for five minutes.
import { Agent, createServer } from 'node:http';
import { create } from 'axios';
import express from 'express';
import { Redis } from 'ioredis';
import CircuitBreaker from 'opossum';
import { listen } from './listen.mjs';

const [, , upstreamUrl, redisUrl] = process.argv;
const client = create({ baseURL: upstreamUrl, httpAgent: new Agent({ keepAlive: true }) });
const breaker = new CircuitBreaker(async (path) => (await client.get(path)).data, {
  timeout: 3000,
  errorThresholdPercentage: 50,
  resetTimeout: 5000,
});
const load = (path) => breaker.fire(path);
const answer = redisUrl ? cachedInRedis(redisUrl) : load;

function cachedInRedis(url) {
  const redis = new Redis(url);
  return async (path) => {
    const stored = await redis.get(path);
    if (stored !== null) return JSON.parse(stored);
    const data = await load(path);
    await redis.set(path, JSON.stringify(data), 'EX', 300);
    return data;
  };
}

const app = express();
app.use(express.json());
app.get('/{*path}', (req, res) => {
  answer(req.originalUrl).then(
    (data) => res.json(data),
    () => res.status(503).json({ error: 'The service is unavailable' }),
  );
});
listen(createServer(app));
