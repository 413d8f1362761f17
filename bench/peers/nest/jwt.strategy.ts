import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

export interface User {
  readonly groupno: string | undefined;
  readonly scopes: string[];
}

interface Claims {
  readonly client_id?: string;
  readonly scope?: string;
}

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  private readonly groupByClient = new Map(
    Object.entries(JSON.parse(process.env['CALLERS'] ?? '{}') as Record<string, string>),
  );

  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: readFileSync(process.env['PUBLIC_KEY_FILE'] ?? '', 'utf8'),
      algorithms: ['RS256'],
      issuer: process.env['ISSUER'] ?? '',
      audience: process.env['AUDIENCE'] ?? '',
    });
  }

  validate(claims: Claims): User {
    return {
      groupno: this.groupByClient.get(claims.client_id ?? ''),
      scopes: claims.scope?.split(' ') ?? [],
    };
  }
}
