import { Module } from '@nestjs/common';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { TokenVerifier } from './token-verifier.service.js';

@Module({ providers: [TokenVerifier, JwtAuthGuard], exports: [TokenVerifier, JwtAuthGuard] })
export class AuthModule {}
