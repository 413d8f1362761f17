import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../operations/access.decorators.ts';
import { EXPLANATIONS, explanationOf, explanationPage, indexPage, isProblemCode } from './problem-pages.ts';
import type { ProblemExplanation } from './problem-pages.ts';
import { Problem } from './problem.ts';

/** `default-src` says nothing of bases, forms and frames. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where the `type` of every problem leads: HTML for a browser, JSON for anybody else. */
@Controller('problems')
export class ProblemsController {
  @Get()
  @Public()
  list(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): unknown {
    return negotiate(request, reply, indexPage(), { problems: EXPLANATIONS });
  }

  @Get(':code')
  @Public()
  explain(
    @Param('code') code: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): unknown {
    if (!isProblemCode(code)) throw new Problem('not-found');
    const explanation: ProblemExplanation = explanationOf(code);
    return negotiate(request, reply, explanationPage(explanation), explanation);
  }
}

function negotiate(request: FastifyRequest, reply: FastifyReply, html: string, json: object): unknown {
  reply.header('vary', 'accept');
  if (!request.headers.accept?.includes('text/html')) return json;
  reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', POLICY)
    .header('referrer-policy', 'no-referrer');
  return html;
}
