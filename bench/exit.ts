import { BsnnError } from '../src/errors.ts';

/** Runs a bench from its arguments and leaves with its exit status, or with an error's own and its message. */
export async function exitWith(main: (args: string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof BsnnError)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
  }
}
