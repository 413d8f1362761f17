import { runProgram } from '../config/command-line.ts';
import { journalProgram } from './journal-program.ts';

void runProgram(journalProgram);
