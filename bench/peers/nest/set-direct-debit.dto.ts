import { Type } from 'class-transformer';
import {
  IsDefined,
  IsEmail,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsPositive,
  IsRFC3339,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

export class DirectDebitDto {
  @IsIn(['STANDARD_DIRECT_DEBIT', 'SPECIAL_DIRECT_DEBIT', 'OFF'])
  directDebitType!: string;

  @IsIn(['Y', 'N'])
  ddNotificationFlag!: string;

  @IsOptional()
  @IsEmail()
  ddNotificationEmail?: string;

  @IsOptional()
  @IsString()
  @MaxLength(16)
  ddPaymentDay?: string;

  @IsOptional()
  @IsIn(['wk', 'fn', 'mn'])
  ddSpecialPaymentPeriod?: string;

  @IsOptional()
  @IsIn(['ST', 'SO'])
  ddSpecialPaymentMethod?: string;

  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 2 })
  @IsPositive()
  @Max(9_999_999.99)
  ddSpecialPaymentAmount?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(7)
  ddSpecialDayOfWeek?: number;

  @IsOptional()
  @IsRFC3339()
  ddSpecialStartDate?: string;

  @IsOptional()
  @IsRFC3339()
  ddSpecialEndDate?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  ddSpecialRequiredCount?: number;
}

export class SetDirectDebitDto {
  @IsDefined()
  @ValidateNested()
  @Type(() => DirectDebitDto)
  directDebit!: DirectDebitDto;
}
