import { IsDefined, IsInstance } from 'class-validator';
import { IsNotNull } from '../../validation/field-rules.ts';
import { documented } from '../../validation/rule-levels.ts';
import { DirectDebitDto } from './direct-debit.dto.ts';

/** The body of «Set Customer Direct Debit». Once validated, its JSON is the body that Octane gets. */
export class SetDirectDebitDto {
  @IsNotNull()
  @IsDefined(documented('required', 'Send the object directDebit.'))
  @IsInstance(DirectDebitDto, documented('type', 'Send directDebit as a JSON object.'))
  readonly directDebit!: DirectDebitDto;
}
