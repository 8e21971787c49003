import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { AuthModule, CurrentUser, type Identity, JwtAuthGuard, Public, Scopes } from '../../src/index.js';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

@Controller('account')
@UseGuards(JwtAuthGuard)
class AccountController {
  @Get()
  who(@CurrentUser() user: Identity) {
    return { id: user.subject, tenant: user.tenant, scopes: user.scopes };
  }

  @Get('secrets')
  @Scopes('secrets')
  secrets() {
    return {};
  }

  @Get('terms')
  @Public()
  terms(@CurrentUser() user?: Identity) {
    return { user: user ?? null };
  }
}

@Controller('admin')
@Scopes('admin')
class AdminController {
  @Get()
  any() {
    return {};
  }

  @Get('wipe')
  @Scopes('wipe')
  wipe() {
    return {};
  }

  @Get('ping')
  @Public()
  ping() {
    return {};
  }
}

@Controller('contradictions')
@Public()
class ContradictoryController {
  @Get('handler')
  @Public()
  @Scopes('admin')
  handler() {
    return {};
  }
}

@Controller('both')
@Public()
@Scopes('admin')
class BothController {
  @Get()
  any() {
    return {};
  }

  @Get('ping')
  @Public()
  ping() {
    return {};
  }
}

@Public()
class Open {}

@Controller('child')
@Scopes('admin')
class ChildController extends Open {
  @Get()
  any() {
    return {};
  }
}

@Scopes('admin')
class Closed {}

@Controller('open-child')
@Public()
class OpenChildController extends Closed {
  @Get()
  any() {
    return {};
  }
}

@Module({
  imports: [AuthModule],
  controllers: [
    AccountController,
    AdminController,
    ContradictoryController,
    BothController,
    ChildController,
    OpenChildController,
  ],
})
class CodeModule {}

/** The catch-all route is public, which does not affect user code. */
const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users, auth: none }]
`;

const gw = gateway(YAML).withUpstream('users', recording().handler).withModule(CodeModule).startOnce();
const ask = (path: string, scope?: string) =>
  gw.fetch(path, { headers: scope === undefined ? {} : bearer({ scope, tenant: 'acme' }) });
const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;

describe("a user's controller with JwtAuthGuard", () => {
  it('requires a token although the route with its path is public', async () => {
    expect(await status('/elsewhere')).toBe(200);
    expect(await status('/account')).toBe(401);
    const response = await ask('/account', 'a b');
    expect(await response.json()).toEqual({ id: 'alice', tenant: 'acme', scopes: ['a', 'b'] });
  });

  it('requires the scopes of the controller and of the handler', async () => {
    expect(await status('/account/secrets', 'a')).toBe(403);
    expect(await status('/account/secrets', 'secrets')).toBe(200);
    expect(await status('/admin')).toBe(401);
    expect(await status('/admin', 'wipe')).toBe(403);
    expect(await status('/admin', 'admin')).toBe(200);
    expect(await status('/admin/wipe', 'wipe')).toBe(403);
    expect(await status('/admin/wipe', 'admin')).toBe(403);
    expect(await status('/admin/wipe', 'admin wipe')).toBe(200);
  });

  it('exempts a handler that is marked @Public()', async () => {
    expect(await (await ask('/account/terms')).json()).toEqual({ user: null });
    expect(await status('/admin/ping')).toBe(200);
  });

  it.each(['/contradictions/handler', '/both', '/child'])(
    'requires a token when both @Public() and @Scopes() are given: %s',
    async (path) => {
      expect(await status(path)).toBe(401);
      expect(await status(path, 'wipe')).toBe(403);
      expect(await status(path, 'admin')).toBe(200);
    },
  );

  it('can be public although its base class requires a token', async () => {
    expect([await status('/both/ping'), await status('/open-child')]).toEqual([200, 200]);
  });
});
