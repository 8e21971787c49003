import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/** Nest injects the first of several without a word, and calls would go to the wrong upstream. */
@Injectable()
export class HttpServiceCheck implements OnModuleInit {
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  /** @throws TypeError when a class injects `HttpService` in a module that imports several */
  onModuleInit(): void {
    for (const module of this.modules.values()) {
      if ([...module.imports].filter(({ exports }) => exports.has(HttpService)).length < 2) continue;
      for (const each of [...module.controllers.values(), ...module.providers.values()]) {
        const injected = [
          ...(each.getCtorMetadata() ?? []),
          ...(each.getPropertiesMetadata() ?? []).map(({ wrapper }) => wrapper),
        ];
        if (injected.some(({ token }) => token === HttpService))
          throw new TypeError(
            `${each.name} injects HttpService, and its module imports several: inject one with @InjectUpstreamHttp(id)`,
          );
      }
    }
  }
}
