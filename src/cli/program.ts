import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BsnnError, EXIT } from '../errors.ts';
import { addCompare } from './compare.ts';
import { addConvert } from './convert.ts';
import { addDoctor } from './doctor.ts';
import { addEval } from './eval.ts';
import { addExplain } from './explain.ts';
import { addInspect } from './inspect.ts';
import { addMerge } from './merge.ts';
import { addPredict } from './predict.ts';
import { COLUMNS, clip, printable, printableLines, wrap } from './print.ts';
import { addRecord } from './record.ts';
import { addSweep } from './sweep.ts';
import type { Terminal } from './terminal.ts';
import { addTrace } from './trace.ts';
import { addTune } from './tune.ts';
import { addTuneKernels } from './tune-kernels.ts';
import { addVerify } from './verify.ts';

const EXIT_CODES = [
  `${EXIT.ok} ok`,
  `${EXIT.failure} failure`,
  `${EXIT.usage} wrong usage`,
  `${EXIT.unsupported} model not supported`,
  `${EXIT.noAdapter} no adapter`,
  `${EXIT.interrupted} interrupted`,
];

/** Characters of an error that is not ours. */
const LONGEST_MESSAGE = 1_000;

/** Runs the command with its arguments (without "node" and the file). Never throws. @returns the exit code */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    let code: number = EXIT.ok;
    const differs = () => {
      code = EXIT.failure;
    };
    await makeProgram(terminal, differs).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, terminal, args.includes('--verbose'));
  }
}

/** @param differs called where what is compared is not equal: no error, and no success */
function makeProgram(terminal: Terminal, differs: () => void): Command {
  const program = new Command('bsnn')
    .description('Trained image classifiers as bistable spiking networks on WebGPU.')
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => write(printableLines(text.replace(/^error: /, 'bsnn: '))),
      getOutHelpWidth: () => COLUMNS,
      getErrHelpWidth: () => COLUMNS,
    })
    .addHelpText('after', `\nExit codes: ${wrap(EXIT_CODES.join(', '), 12)}`);
  addEval(program, terminal);
  addMerge(program, terminal);
  addVerify(program, terminal, differs);
  addConvert(program, terminal);
  addPredict(program, terminal);
  addTrace(program, terminal);
  addRecord(program, terminal);
  addCompare(program, terminal);
  addExplain(program, terminal);
  addInspect(program, terminal);
  addSweep(program, terminal);
  addTune(program, terminal);
  addDoctor(program, terminal);
  addTuneKernels(program, terminal);
  return program;
}

/** Prints what went wrong; the stack too where it is asked for. @returns the exit code */
function explain(error: unknown, terminal: Terminal, verbose: boolean): number {
  // commander has printed its own message already
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const isOurs = error instanceof BsnnError;
  const message = error instanceof Error ? error.message : String(error);
  const shown = isOurs
    ? message
    : `unexpected error: ${clip(printable(message), LONGEST_MESSAGE)}; please report it, with what --verbose prints`;
  terminal.err(`bsnn: ${shown}\n`);
  if (verbose) for (let e = error; e instanceof Error; e = e.cause) terminal.err(`${printableLines(e.stack ?? e.message)}\n`);
  return isOurs ? error.exitCode : EXIT.failure;
}

const version = (): string => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
