import { runProgram } from '../config/command-line.ts';
import { customersProgram } from './customers-program.ts';

void runProgram(customersProgram);
