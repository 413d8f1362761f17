import { IsBoolean, IsIn } from 'class-validator';
import type { SignatureAlgorithm } from './gateway-config.ts';
import {
  AreAlgorithms,
  AreBrands,
  AreScopes,
  IfPresent,
  IsClaim,
  IsCount,
  IsGroupno,
  IsRateLimit,
  IsText,
  IsTextOrTexts,
  IsVariableName,
} from './gateway-file.rules.ts';

/** An entry of `issuers`, as the file says it. */
export class IssuerEntry {
  @IsText()
  issuer!: string;

  @IsTextOrTexts()
  audience!: string | string[];

  @IfPresent()
  @IsText()
  jwksUri?: string;

  @IfPresent()
  @IsText()
  publicKeyFile?: string;

  @AreAlgorithms()
  algorithms: SignatureAlgorithm[] = ['RS256'];

  @IsBoolean({ message: 'must be true or false' })
  requireAccessTokenType: boolean = false;

  @IsBoolean({ message: 'must be true or false' })
  requireSenderConstrained: boolean = false;

  @IfPresent()
  @IsClaim()
  clientIdClaim?: string;

  @IsClaim()
  audienceClaim: string = 'aud';

  @IsCount()
  maxTokenLifetimeSeconds: number = 86_400;
}

/** An entry of `callers`, as the file says it. */
export class CallerEntry {
  @IsText()
  clientId!: string;

  @IsText()
  issuer!: string;

  @IfPresent()
  @IsText()
  groupno?: string;

  @IfPresent()
  @IsClaim()
  groupnoClaim?: string;

  @IfPresent()
  @AreBrands()
  groups?: Record<string, string>;

  @IsIn(['own', 'any'], { message: 'must be own or any' })
  customers!: 'own' | 'any';

  @IsClaim()
  custnoClaim: string = 'custno';

  @IsIn(['token', 'links'], { message: 'must be token or links' })
  directory: 'token' | 'links' = 'token';

  @AreScopes()
  scopes: string[] = [];

  @IfPresent()
  @IsRateLimit()
  rateLimit?: number;
}

/** An entry of `groups`, as the file says it. */
export class GroupEntry {
  @IsGroupno()
  groupno!: string;

  @IfPresent()
  @IsVariableName()
  usernameEnv?: string;

  @IfPresent()
  @IsText()
  usernameFile?: string;

  @IfPresent()
  @IsVariableName()
  passwordEnv?: string;

  @IfPresent()
  @IsText()
  passwordFile?: string;
}
