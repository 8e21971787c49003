import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { applyHeaderRules, type HeaderRules } from '../../../common/http/header-rules.js';
import type { CodeRouteConfig } from '../../config/code-route.js';
import { Plugins } from '../../plugins/plugins.service.js';
import { CodeRouteMetadata, headerRulesOf } from '../../routing/code-route.js';
import { type AnswerHead, type Exchange, exchangeOf, handlerPathOf } from '../../routing/exchange.js';
import { limitBody } from './code-body.js';
import { changeHeadOf } from './code-head.js';
import { PluginGuard } from '../plugin.guard.js';
import { ReplyWriter } from '../reply-writer.js';
import { answerHeaders, HSTS, isOverTls } from '../security-headers.js';

/** The last stage before a handler of code: what a route does on the way to its upstream, and with the head of its response. */
@Injectable()
export class CodeStagesGuard extends PluginGuard {
  private readonly reflector = new Reflector();

  constructor(
    @Inject(Plugins) plugins: Plugins,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
  ) {
    super(plugins);
  }

  /**
   * @returns a promise only when a plugin does
   * @throws PluginAnswer when a plugin answers
   * @throws ProblemError `plugin_failed` or `body_too_large`
   */
  override canActivate(context: ExecutionContext): true | Promise<true> {
    const exchange = exchangeOf(context.getArgByIndex<Request>(0));
    const route = this.reflector.get(CodeRouteMetadata, context.getHandler()).config;
    if (!exchange || !route) return true;
    const hooks = this.hooksIn(exchange.config)(route);
    const enter = (): true => this.enter(exchange, route, hooks.changeHeadOf(exchange));
    const decided = hooks.decide(exchange);
    return decided === true ? enter() : decided.then(enter);
  }

  private enter(exchange: Exchange, route: CodeRouteConfig, changeHead: Exchange['changeHead']): true {
    const { req, config, head, identity } = exchange;
    const { headers } = req;
    limitBody(exchange, route.maxBodyBytes ?? config.server.maxBodyBytes, this.reply);
    for (const [name, lines] of exchange.changedHeaders ?? []) {
      if (lines) headers[name] = lines.join(', ');
      else delete headers[name];
    }
    const { request, response } = headerRulesOf(route, handlerPathOf(req) ?? '');
    if (request) {
      for (const name of request.removed) delete headers[name];
      Object.assign(headers, pairs(applyHeaderRules([], request, head.path, identity?.claims)));
    }
    changeHeadOf(exchange, (before, send) => {
      const security = route.securityHeaders ?? config.server.securityHeaders;
      const after = this.withOptions(exchange, before, security, response);
      this.reply.change(exchange, after, send, changeHead);
    });
    return true;
  }

  private withOptions(
    exchange: Exchange,
    { status, lines }: AnswerHead,
    security: NonNullable<CodeRouteConfig['securityHeaders']>,
    rules: HeaderRules | undefined,
  ): AnswerHead {
    const { head, identity, cors } = exchange;
    const { headers, hsts } = answerHeaders(security, cors);
    const defaults = headers.from({});
    if (hsts !== undefined && isOverTls(exchange)) defaults.push(HSTS, hsts);
    const written = new Set(lines.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
    const missing = Object.entries(pairs(defaults)).filter(([name]) => !written.has(name));
    const all = [...lines, ...missing.flat()];
    return { status, lines: rules ? applyHeaderRules(all, rules, head.path, identity?.claims) : all };
  }
}

/** @param lines names and values in turn, each name once */
function pairs(lines: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let i = 0; i < lines.length; i += 2) record[lines[i] ?? ''] = lines[i + 1] ?? '';
  return record;
}
