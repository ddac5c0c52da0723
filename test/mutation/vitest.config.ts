import quick from '../../vitest.quick.config.ts';

/** The room whose mutants run: its own tests must tell them. */
const room = process.env.MUTATION_ROOM ?? 'quantize';
/** Refusals, functions and subgraphs go the whole way from a file; what bounds a file takes seconds, and is what tells its mutants. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  onnx: ['test/lower/refusals.test.ts', 'test/lower/numbers.test.ts', 'test/onnx/budget.test.ts'],
};
/** Seconds each, and damage at random: too long to be run again for every mutant. */
const LONG = /\/(architectures|budget|mutated|random-graphs|mutants|damaged|weights|trained-networks)\.test\.ts$/;

const include = (quick.test?.include ?? [])
  .filter((name) => name.startsWith(`test/${room}/`) && !LONG.test(name))
  .concat(MORE[room] ?? []);

export default { ...quick, test: { ...quick.test, include, setupFiles: ['test/mutation/setup.ts'] } };
