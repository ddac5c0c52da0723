import { describe, expect, it } from 'vitest';
import { ann, convolution, map, neurons, readout } from '../../src/ann/build.ts';
import { type Check, checkOptions } from '../../src/checks.ts';
import { BsnnError, OptionError } from '../../src/errors.ts';
import * as face from '../../src/index.ts';
import { OPTION_TABLES } from '../helpers/option-tables.ts';
import { onGrid } from '../network/hand-made.ts';

// What a caller without types hands in: every exported function refuses it by name before the device is touched. The options, their
// names and kinds are those of the tables; that a table has all options of its interface the compiler holds.

/** The first thing that a device is asked for; nothing else of it is there. */
const REACHED = new Error('the device was reached');
const DEVICE = {
  handle: {},
  isLost: async () => false,
  reopen: null,
  check: () => {
    throw REACHED;
  },
  get limits(): never {
    throw REACHED;
  },
  get capabilities(): never {
    throw REACHED;
  },
} as unknown as face.Device;
const TRAINED = ann(map(1), [
  neurons('hidden', map(2), [convolution(-1, [0.5, 0.25])]),
  readout(2, [convolution(0, [1, 0, 0, 1])]),
]);
const NETWORK = onGrid(TRAINED);
const SAVED = { network: NETWORK, about: { classes: null, normalization: null, calibration: null }, library: '' };
const IMAGES = face.pixelsSource(Uint8Array.of(1, 2, 3), map(1), [0, 1, 0]);
const NOTHING = () => {};
/** What stands for a session: calls end where they look into it. */
const inSession = <S extends object>(made: { readonly prototype: S }): S =>
  Object.create(made.prototype, { ann: { value: TRAINED }, network: { value: NETWORK } }) as S;
const SESSION = { alone: NOTHING, plan: { batch: 1 }, network: NETWORK } as unknown as face.SteppedSession;

type Given = Record<string, unknown> | undefined;
type Call = (options: never) => unknown;

/** Each function, called as it should be but for its options. */
const CALLS: Readonly<Record<keyof typeof OPTION_TABLES, Call>> = {
  'AnnSession.create': (options) => face.AnnSession.create(DEVICE, TRAINED, options),
  compare: (options) => face.compare(DEVICE, TRAINED, IMAGES, options),
  convert: (options) => face.convert(DEVICE, TRAINED, IMAGES, options),
  convertModel: (options) => face.convertModel(DEVICE, TRAINED, IMAGES, options),
  evaluate: (options) => face.evaluate(DEVICE, TRAINED, IMAGES, options),
  evaluateSaved: (options) => face.evaluateSaved(DEVICE, SAVED, IMAGES, options),
  explain: (options) => face.explain(DEVICE, TRAINED, IMAGES, options),
  importOnnx: (options) => face.importOnnx('nowhere.onnx', options),
  openDataSet: (options) => face.openDataSet('folder:nowhere', options),
  openDevice: (options) => face.openDevice(options),
  openModel: (options) => face.openModel('nowhere.onnx', options),
  openPaths: (options) => face.openPaths(['nowhere.png'], options),
  predict: (options) => face.predict(DEVICE, TRAINED, IMAGES, options),
  record: (options) => face.record(SESSION, options, new Uint8Array(1)),
  recordImages: (options) => face.recordImages(DEVICE, TRAINED, IMAGES, options, NOTHING),
  recordSaved: (options) => face.recordSaved(DEVICE, SAVED, IMAGES, options, NOTHING),
  'Session.create': (options) => face.Session.create(DEVICE, NETWORK, options),
  'SteppedSession.classify': (options) => inSession(face.SteppedSession).classify(new Uint8Array(1), options),
  'SteppedSession.create': (options) => face.SteppedSession.create(DEVICE, NETWORK, options),
  'SteppedSession.run': (options) => inSession(face.SteppedSession).run(IMAGES, NOTHING, options),
  sweep: (options) => face.sweep(DEVICE, TRAINED, IMAGES, options),
  trace: (options) => face.trace(DEVICE, TRAINED, IMAGES, options),
  tune: (options) => face.tune(DEVICE, NETWORK, options),
  tuneNetwork: (options) => face.tuneNetwork(DEVICE, TRAINED, IMAGES, options),
};

/** Options without which a function does nothing, and a sound value of each. */
const NEEDED: Partial<Record<keyof typeof OPTION_TABLES, Given>> = {
  'AnnSession.create': { mean: [0], std: [1] },
  record: { layers: ['hidden'], what: 'spikes' },
  'SteppedSession.create': { timesteps: 8 },
  trace: { layer: 'hidden' },
};

/** What a call ends with. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return error;
  }
}

/** Values that are never right, and those that are right for the options named, if anywhere. */
const BAD: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['null', null, []],
  ['NaN', Number.NaN, []],
  ['Infinity', Number.POSITIVE_INFINITY, []],
  ['-1', -1, []],
  ['a fraction', 2.5, ['loss', 'percentile', 'memory']],
  ['2^53', 2 ** 53, ['memory']],
  ['a text', 'nonsense', ['adapter', 'classes', 'layer', 'name', 'neuron', 'output']],
  ['no text', '', ['adapter', 'assume']],
  [
    'true',
    true,
    ['correctBias', 'digest', 'keepCells', 'keepMembranes', 'keepWords', 'perChannel', 'readWords', 'skipBad', 'synchronous'],
  ],
  ['an empty list', [], ['checkpoints', 'correctBias', 'neurons', 'perChannel', 'phaseBits', 'scales']],
  ['a list of nothing', [undefined], []],
  ['a list of NaN', [Number.NaN], []],
  ['a list of texts', ['nonsense'], ['layers', 'neurons']],
  ['an empty object', {}, ['choices', 'known']],
  ['a function', NOTHING, ['onChecked', 'onCheckpoint', 'onProgress', 'onSilent']],
  ['a symbol', Symbol('one'), []],
];

const tables = Object.entries(OPTION_TABLES) as [keyof typeof OPTION_TABLES, Readonly<Record<string, Check>>][];

describe.each(tables)('%s', (name, checks) => {
  const call = CALLS[name] as (options: unknown) => unknown;
  const needed = NEEDED[name];

  it.each(Object.keys(checks))('refuses what is no %s', async (option) => {
    for (const [kind, value, rightFor] of BAD) {
      if (rightFor.includes(option) && checks[option].accepts(value)) continue;
      const error = await errorOf(() => call({ ...needed, [option]: value }));
      expect(error, kind).toBeInstanceOf(OptionError);
      expect((error as OptionError).code, kind).toBe(option);
      expect((error as OptionError).message, kind).toContain(option);
    }
  });

  it.each(Object.keys(checks))('names %s where it is misspelled', async (option) => {
    const misspelled = `${option[0]}${option}`;
    const error = await errorOf(() => call({ ...needed, [misspelled]: 1 }));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).message).toBe(`option "${misspelled}": is not known here; did you mean "${option}"?`);
  });

  it('takes what is undefined as left out', async () => {
    const undefinedAll = Object.fromEntries(Object.keys(checks).map((option) => [option, undefined]));
    expect(checkOptions({ ...undefinedAll, ...needed }, checks as never)).toEqual(needed ?? {});
    const without = await errorOf(() => call(needed));
    const withUndefined = await errorOf(() => call({ ...undefinedAll, ...needed }));
    expect(String(withUndefined)).toBe(String(without));
    expect((withUndefined as BsnnError | null)?.code).not.toBe('unknown-option');
  });

  it.each([
    ['null', null],
    ['a number', 5],
    ['a text', 'batch'],
    ['a list', []],
  ])('refuses %s as options', async (_, value) => {
    const error = await errorOf(() => call(value));
    expect(error).toBeInstanceOf(OptionError);
    expect((error as OptionError).code).toBe('argument');
  });
});

/** What `readEvaluation` gives; nothing of it is looked at before the second one is there. */
const EVALUATION = { name: 'a file', result: {} };

/** May be null, and each is looked at where accuracy is asked for. */
const LABELS = [0];

/** The arguments of each exported function, sound; `undefined` where it may be left out. `checkNetwork` takes anything and says what it finds. */
const ARGUMENTS: Readonly<Record<string, readonly [(...args: never[]) => unknown, readonly unknown[]]>> = {
  check: [face.check, [NETWORK]],
  compare: [face.compare, [DEVICE, TRAINED, IMAGES, {}, undefined]],
  concatSources: [face.concatSources, [IMAGES, IMAGES]],
  convert: [face.convert, [DEVICE, TRAINED, IMAGES, {}]],
  convertModel: [face.convertModel, [DEVICE, TRAINED, IMAGES, {}, undefined]],
  evaluate: [face.evaluate, [DEVICE, TRAINED, IMAGES, {}, undefined]],
  evaluateSaved: [face.evaluateSaved, [DEVICE, SAVED, IMAGES, {}, undefined]],
  explain: [face.explain, [DEVICE, TRAINED, IMAGES, {}, undefined]],
  importOnnx: [face.importOnnx, ['nowhere.onnx', {}]],
  loadNetwork: [face.loadNetwork, [new Uint8Array(16)]],
  logitsAt: [
    face.logitsAt,
    [{ potentials: new Float64Array(2), images: 1 }, 0, { units: new Float64Array(2), points: { steps: [1], divisors: [1] } }],
  ],
  mergeParts: [face.mergeParts, [[]]],
  neuronText: [face.neuronText, [{ name: 'if' }]],
  openDataSet: [face.openDataSet, ['folder:nowhere', {}]],
  openDevice: [face.openDevice, [{ gpu: { requestAdapter: async () => null } }]],
  openModel: [face.openModel, ['nowhere.onnx', {}]],
  openPaths: [face.openPaths, [['nowhere.png'], {}]],
  parseNeuron: [face.parseNeuron, ['if']],
  pixelsSource: [face.pixelsSource, [new Uint8Array(1), map(1), LABELS]],
  predict: [face.predict, [DEVICE, TRAINED, IMAGES, {}, undefined]],
  readEvaluation: [face.readEvaluation, ['{}', 'a file']],
  readSavedNetwork: [face.readSavedNetwork, [new Uint8Array(16), 'a file']],
  readSidecar: [face.readSidecar, ['nowhere.onnx']],
  // a path of null is none: for users without a home
  readTuning: [face.readTuning, [{ adapter: 'a', driver: 'b', software: true }, NOTHING]],
  record: [face.record, [SESSION, { layers: ['hidden'], what: 'spikes' }, new Uint8Array(1)]],
  recordImages: [face.recordImages, [DEVICE, TRAINED, IMAGES, {}, NOTHING]],
  recordSaved: [face.recordSaved, [DEVICE, SAVED, IMAGES, {}, NOTHING]],
  saveNetwork: [face.saveNetwork, [NETWORK, {}]],
  sliceSource: [face.sliceSource, [IMAGES, 0, 1]],
  sweep: [face.sweep, [DEVICE, TRAINED, IMAGES, {}, undefined]],
  trace: [face.trace, [DEVICE, TRAINED, IMAGES, { layer: 'hidden' }]],
  tune: [face.tune, [DEVICE, NETWORK, {}]],
  tuneNetwork: [face.tuneNetwork, [DEVICE, TRAINED, IMAGES, {}, undefined]],
  verifyEvaluations: [face.verifyEvaluations, [EVALUATION, EVALUATION]],
  writeTuning: [face.writeTuning, [{ adapter: 'a', driver: 'b', software: true }, {}, NOTHING, '/nowhere/tuning.json']],
  'AnnSession.create': [face.AnnSession.create, [DEVICE, TRAINED, { mean: [0], std: [1] }]],
  'AnnSession.run': [(onBatch) => inSession(face.AnnSession).run(IMAGES, onBatch), [NOTHING]],
  'Session.run': [(onBatch) => inSession(face.Session).run(IMAGES, onBatch), [NOTHING]],
  'SteppedSession.run': [(onBatch) => inSession(face.SteppedSession).run(IMAGES, onBatch), [NOTHING]],
  'SteppedSession.stream': [(onImages) => inSession(face.SteppedSession).stream(IMAGES, onImages), [NOTHING]],
  'AnnSession.classify': [
    (...args) => inSession(face.AnnSession).classify(...(args as unknown as [never])),
    [new Uint8Array(1), undefined],
  ],
  'Session.create': [face.Session.create, [DEVICE, NETWORK, {}]],
  'SteppedSession.create': [face.SteppedSession.create, [DEVICE, NETWORK, { timesteps: 8 }]],
};

describe('arguments', () => {
  it('all exported functions are tried', () => {
    const functions = Object.entries(face).filter(([, one]) => typeof one === 'function' && !/^class /.test(String(one)));
    expect(functions.map(([name]) => name).filter((name) => name !== 'checkNetwork' && !(name in ARGUMENTS))).toEqual([]);
    expect(functions.length).toBeGreaterThan(30);
  });

  /** What is nowhere an argument, but for these. */
  const WRONG: readonly unknown[] = [null, Number.NaN, Number.POSITIVE_INFINITY, -1, 2.5, true, Symbol('one'), [undefined]];

  it.each(Object.entries(ARGUMENTS))('%s refuses each that is wrong, in a sentence', async (_, [call, sound]) => {
    for (const [i, argument] of sound.entries()) {
      for (const value of [...WRONG, ...(argument === undefined ? [] : [undefined])]) {
        if (argument === LABELS && (value === null || Array.isArray(value))) continue;
        const args = sound.map((one, j) => (j === i ? value : one));
        const error = await errorOf(() => call(...(args as never[])));
        if (value === undefined && (error === null || error === REACHED)) continue; // it has a default
        expect(error, `${i}: ${String(value)}`).toBeInstanceOf(BsnnError);
      }
    }
  });
});
