import { Controller, Get, Header, Module } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { Cached, CacheModule } from '../../src/index.js';
import { gateway } from '../support/gateway.js';

@Controller('code')
class VaryingController {
  @Get('plain')
  @Header('Vary', 'X-A')
  plain(): string {
    return 'plain';
  }

  @Get('cached')
  @Cached({ per: 'public' })
  @Header('Vary', 'X-A')
  cached(): string {
    return 'cached';
  }

  @Get('silent')
  @Cached({ per: 'public' })
  silent(): string {
    return 'silent';
  }
}

@Module({ imports: [CacheModule], controllers: [VaryingController] })
class VaryingModule {}

const APP = 'https://app.example.com';

describe('responses of handlers, where CORS depends on the origin', () => {
  const gw = gateway(`
server: { cors: { origins: [${APP}] } }
upstreams: {}
routes: []`)
    .withModule(VaryingModule)
    .startOnce();

  it.each([
    ['/code/plain', 'x-a,origin'],
    ['/code/cached', 'x-a,origin'],
    ['/code/silent', 'origin'],
  ])('%s has Vary: Origin in addition to its own Vary', async (path, expected) => {
    const origins = [undefined, undefined, APP, APP, 'https://evil.example.com'];
    const results: unknown[] = [];
    for (const origin of origins) {
      const { headers } = await gw.fetch(path, { headers: { 'X-A': '1', ...(origin ? { origin } : {}) } });
      const vary = headers.get('vary')?.toLowerCase().split(/, */).toSorted().toReversed().join();
      const allowed = headers.get('access-control-allow-origin');
      results.push([origin, vary, allowed === null || allowed === origin]);
    }
    expect(results).toEqual(origins.map((origin) => [origin, expected, true]));
  });

  it('come from the cache, for each origin', async () => {
    await gw.fetch('/code/cached', { headers: { origin: APP } });
    for (const origin of ['https://evil.example.com', APP]) {
      const { headers } = await gw.fetch('/code/cached', { headers: { origin } });
      const allowed = origin === APP ? APP : null;
      expect([headers.get('cache-status'), headers.get('access-control-allow-origin')]).toEqual([
        expect.stringContaining('hit'),
        allowed,
      ]);
    }
  });
});
