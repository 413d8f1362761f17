import { IsDefined, IsIn, IsInt, IsNumber, IsPositive, IsString, Max, Min } from 'class-validator';
import {
  DAYS_OF_WEEK,
  DIRECT_DEBIT_TYPES,
  NOTIFICATION_FLAGS,
  PAYMENT_METHODS,
  PAYMENT_PERIODS,
} from '../wire.ts';
import { AbsentWhen, IsNotNull, IsReadOnly, PresentWhen } from '../../validation/field-rules.ts';
import { documented, standard, strict } from '../../validation/rule-levels.ts';
import {
  hasEndDate,
  hasRequiredCount,
  isPaidByWeek,
  isPaidMonthly,
  isSpecial,
  isStandardOrOff,
  wantsNotification,
} from '../rules/conditions.ts';
import { IsDateTime, IsNotBefore } from '../rules/date-time.ts';
import { HasAtMostDecimals } from '../rules/decimals.ts';
import { IsEmailAddress } from '../rules/email-address.ts';
import { IsDayOfMonth, IsPaymentDay } from '../rules/payment-day.ts';

const MAX_AMOUNT = 9_999_999.99;
const MAX_COUNT = 2_147_483_647;

const IsOfSpecialOnly = (): PropertyDecorator =>
  AbsentWhen(
    isStandardOrOff,
    standard('not_applicable', 'Send this property with SPECIAL_DIRECT_DEBIT only.'),
  );

const HasOneEnd = (other: typeof hasEndDate): PropertyDecorator =>
  AbsentWhen(
    other,
    standard('mutually_exclusive', 'Send at most one of ddSpecialEndDate and ddSpecialRequiredCount.'),
  );

/**
 * Octane's «Direct Debit» object (document «Set Customer Direct Debit»), the fields in the document's order. A field's
 * rules stand in the order in which they are reported: the first one that is broken hides the others.
 */
export class DirectDebitDto {
  @IsNotNull()
  @IsDefined(documented('required', 'Send directDebitType.'))
  @IsIn(DIRECT_DEBIT_TYPES, documented('enum', 'Send STANDARD_DIRECT_DEBIT, SPECIAL_DIRECT_DEBIT or OFF.'))
  readonly directDebitType!: (typeof DIRECT_DEBIT_TYPES)[number];

  @IsNotNull()
  @IsDefined(documented('required', 'Send ddNotificationFlag.'))
  @IsIn(NOTIFICATION_FLAGS, documented('enum', 'Send Y or N.'))
  readonly ddNotificationFlag!: (typeof NOTIFICATION_FLAGS)[number];

  @IsNotNull()
  @IsString(documented('type', 'Send a string.'))
  @IsEmailAddress(standard('format', 'Send one email address of at most 254 characters, without a name.'))
  @PresentWhen(wantsNotification, strict('required', 'Send an email address when ddNotificationFlag is Y.'))
  readonly ddNotificationEmail?: string;

  @IsNotNull()
  @IsString(documented('type', 'Send a string.'))
  @IsPaymentDay(
    standard(
      'format',
      'Send 1 to 16 printable characters, not only spaces. If you send only digits, send 1 to 31 without leading zeros.',
    ),
  )
  @IsDayOfMonth(strict('format', 'Send a day of the month, 1 to 31, as text without leading zeros.'))
  readonly ddPaymentDay?: string;

  @IsNotNull()
  @IsIn(PAYMENT_PERIODS, documented('enum', 'Send wk, fn or mn.'))
  @IsOfSpecialOnly()
  @PresentWhen(isSpecial, standard('required', 'Send a payment period with SPECIAL_DIRECT_DEBIT.'))
  readonly ddSpecialPaymentPeriod?: (typeof PAYMENT_PERIODS)[number];

  @IsNotNull()
  @IsIn(PAYMENT_METHODS, documented('enum', 'Send ST or SO.'))
  @IsOfSpecialOnly()
  @PresentWhen(isSpecial, strict('required', 'Send a payment method with SPECIAL_DIRECT_DEBIT.'))
  readonly ddSpecialPaymentMethod?: (typeof PAYMENT_METHODS)[number];

  @IsNotNull()
  @IsNumber({}, documented('type', 'Send a finite number.'))
  @IsOfSpecialOnly()
  @IsPositive(standard('range', 'Send an amount above 0.'))
  @Max(MAX_AMOUNT, standard('range', 'Send an amount of at most 9999999.99.'))
  @HasAtMostDecimals(2, standard('precision', 'Send an amount with at most 2 decimals.'))
  @PresentWhen(isSpecial, strict('required', 'Send an amount with SPECIAL_DIRECT_DEBIT.'))
  readonly ddSpecialPaymentAmount?: number;

  @IsNotNull()
  @IsIn(DAYS_OF_WEEK, documented('enum', 'Send an integer from 1 to 7.'))
  @IsOfSpecialOnly()
  @AbsentWhen(isPaidMonthly, standard('not_applicable', 'Leave the day of the week out with the period mn.'))
  @PresentWhen(isPaidByWeek, strict('required', 'Send a day of the week with the period wk or fn.'))
  readonly ddSpecialDayOfWeek?: (typeof DAYS_OF_WEEK)[number];

  @IsReadOnly()
  readonly ddSpecialEndType?: never;

  @IsNotNull()
  @IsDateTime(documented('format', 'Send an RFC 3339 date-time with an offset and a day that exists.'))
  @IsOfSpecialOnly()
  @PresentWhen(isSpecial, strict('required', 'Send a start date with SPECIAL_DIRECT_DEBIT.'))
  readonly ddSpecialStartDate?: string;

  @IsNotNull()
  @IsDateTime(documented('format', 'Send an RFC 3339 date-time with an offset and a day that exists.'))
  @IsOfSpecialOnly()
  @HasOneEnd(hasRequiredCount)
  @IsNotBefore(
    'ddSpecialStartDate',
    standard('date_order', 'Send an end date at or after ddSpecialStartDate.'),
  )
  readonly ddSpecialEndDate?: string;

  @IsNotNull()
  @IsInt(documented('type', 'Send an integer.'))
  @IsOfSpecialOnly()
  @HasOneEnd(hasEndDate)
  @Min(1, standard('range', 'Send a count of at least 1.'))
  @Max(MAX_COUNT, standard('range', 'Send a count of at most 2147483647.'))
  readonly ddSpecialRequiredCount?: number;

  @IsReadOnly()
  readonly ddSpecialCurrentCount?: never;
}
