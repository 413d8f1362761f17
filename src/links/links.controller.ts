import { Controller, Delete, Get, HttpCode, Put } from '@nestjs/common';
import { ForAllCustomers, RequireScope } from '../operations/access.decorators.ts';
import { CustomerLinks } from './customer-links.ts';
import type { LinkedUsers } from './customer-links.ts';
import { AskedCustomer, AskedUser, USER_PATH, USERS_PATH } from './link-request.ts';
import type { LinkedUserRequest, LinkRequest } from './link-request.ts';

/** For services that sign users up. */
@Controller()
export class LinksController {
  constructor(private readonly links: CustomerLinks) {}

  @Put(USER_PATH)
  @HttpCode(204)
  @RequireScope('customer-links:write')
  @ForAllCustomers()
  link(@AskedUser() request: LinkedUserRequest): Promise<void> {
    return this.links.link(request);
  }

  @Delete(USER_PATH)
  @HttpCode(204)
  @RequireScope('customer-links:write')
  @ForAllCustomers()
  unlink(@AskedUser() request: LinkedUserRequest): Promise<void> {
    return this.links.unlink(request);
  }

  @Get(USERS_PATH)
  @RequireScope('customer-links:read')
  @ForAllCustomers()
  list(@AskedCustomer() request: LinkRequest): Promise<LinkedUsers> {
    return this.links.usersOf(request);
  }
}
