import { HttpService } from '@nestjs/axios';
import { BadGatewayException, Injectable } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
import type { SetDirectDebitDto } from './set-direct-debit.dto.ts';

@Injectable()
export class DirectDebitService {
  private readonly baseUrl = `${process.env['OCTANE_ORIGIN']}${process.env['OCTANE_PATH']}`;
  private readonly auth = {
    username: process.env['OCTANE_USERNAME'] ?? '',
    password: process.env['OCTANE_PASSWORD'] ?? '',
  };

  constructor(private readonly http: HttpService) {}

  async set(groupno: string, custno: string, body: SetDirectDebitDto): Promise<unknown> {
    try {
      const url = `${this.baseUrl}/v1/group/${groupno}/customer/${custno}/direct-debit`;
      const { data } = await firstValueFrom(this.http.post<unknown>(url, body, { auth: this.auth }));
      return data;
    } catch {
      throw new BadGatewayException();
    }
  }
}
