import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { RoutingModule } from '../routing/routing.module.js';
import { AuthProviders } from './auth-providers.js';
import { TokenDenylist } from './denylist/token-denylist.service.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { TokenVerifier } from './token-verifier.service.js';

@Module({
  imports: [RoutingModule, HttpModule],
  providers: [AuthProviders, TokenDenylist, TokenVerifier, JwtAuthGuard],
  // `AuthProviders` too: Nest makes the guard anew in the module of each controller that uses it.
  exports: [RoutingModule, AuthProviders, TokenDenylist, TokenVerifier, JwtAuthGuard],
})
export class AuthModule {}
