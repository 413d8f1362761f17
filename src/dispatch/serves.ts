import { applyDecorators, HttpCode, RequestMapping, RequestMethod } from '@nestjs/common';
import { RequireScope } from '../operations/access.decorators.ts';
import { methodOf, routerPathOf } from '../operations/operation.ts';
import type { Operation } from '../operations/operation.ts';

/** Makes a method of a `@Controller()` the handler of an operation: its method and path, its status, the scope that it needs. */
export const Serves = ({ route, scope, answer }: Operation): MethodDecorator =>
  applyDecorators(
    RequestMapping({ method: RequestMethod[methodOf(route)], path: routerPathOf(route) }),
    HttpCode(answer.status),
    RequireScope(scope),
  );
