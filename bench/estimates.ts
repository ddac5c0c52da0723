/**
 * node scripts/run-ts.mjs bench/estimates.ts [--phase-bits 3,4,…] [--scale mse,…] [--correct-bias off|on|both] [--calibration N] [--limit N]
 * [--batch N] [--out FILE.json] MODEL.onnx=SPEC …: which estimate without labels foretells what accuracy loses. For each model, K, scale
 * and correction: every candidate by the first word on calibration images, beside the loss on labelled images that played no part. Prints
 * Markdown rows as they come, writes the file after each of them, and says at the end how the candidates go with the loss.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bothWays, integer, list, onePhaseBits, scale } from '../src/cli/arguments.ts';
import { conversionsOf } from '../src/convert/convert.ts';
import type { Estimate, Estimates } from '../src/convert/estimate.ts';
import { calibrateForTrials, tryNetwork } from '../src/convert/trials.ts';
import { openDataSet } from '../src/data/open.ts';
import { lossOf } from '../src/evaluate/accuracy.ts';
import { classesOf } from '../src/evaluate/fit.ts';
import { lasting } from '../src/evaluate/lasting.ts';
import { openModel } from '../src/evaluate/model.ts';
import { RANGES } from '../src/evaluate/options.ts';
import { cutImages, type Part, trainedHits } from '../src/evaluate/passes.ts';
import { prepare } from '../src/evaluate/prepare.ts';
import { candidatesOf, type SweepOptions } from '../src/evaluate/sweep.ts';
import { wordHits } from '../src/evaluate/word-hits.ts';
import type { Device } from '../src/gpu/device.ts';
import { openDevice } from '../src/gpu/node.ts';
import { wayText } from '../src/report/text.ts';
import { AnnSession } from '../src/run/ann-session.ts';
import { CalibrationSession } from '../src/run/calibration-session.ts';
import { commit } from './commit.ts';
import { exitWith } from './exit.ts';
import { CANDIDATES, type EstimateRow, foretelling } from './foretelling.ts';

const USAGE = `usage: node scripts/run-ts.mjs bench/estimates.ts [--phase-bits 3,4,5,6,7,8] [--scale mse] [--per-channel off|on|both]
  [--correct-bias off|on|both] [--calibration 500] [--limit 1000] [--batch 64] [--out FILE.json] MODEL.onnx=SPEC …`;

interface Arguments {
  readonly options: SweepOptions;
  readonly out: string | undefined;
  readonly pairs: readonly (readonly [model: string, spec: string])[];
}

/** @throws Error for arguments that are wrong */
function parse(args: string[]): Arguments {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'phase-bits': { ...text, default: '3,4,5,6,7,8' },
      scale: { ...text, default: 'mse' },
      'per-channel': { ...text, default: 'off' },
      'correct-bias': { ...text, default: 'both' },
      calibration: { ...text, default: '500' },
      limit: { ...text, default: '1000' },
      batch: { ...text, default: '64' },
      out: text,
    },
  });
  const pairs = positionals.map((one) => one.split(/=(.*)/s).slice(0, 2) as [string, string]);
  if (pairs.length === 0 || pairs.some(([, spec]) => !spec)) throw new Error('no MODEL.onnx=SPEC is given');
  const options = {
    phaseBits: list(onePhaseBits)(values['phase-bits']),
    scales: list(scale)(values.scale),
    perChannel: bothWays(values['per-channel']),
    correctBias: bothWays(values['correct-bias']),
    calibration: integer(RANGES.calibration)(values.calibration),
    limit: integer(RANGES.limit)(values.limit),
    batch: integer(RANGES.batch)(values.batch),
    waves: 1,
  };
  return { options, out: values.out, pairs };
}

/** All ways of one model, one by one. */
async function measure(
  device: Device,
  [path, spec]: readonly [string, string],
  options: SweepOptions,
  onRow: (row: EstimateRow) => void,
): Promise<void> {
  const model = await openModel(path);
  const ways = candidatesOf(options);
  const evaluation = await prepare(model, await openDataSet(spec, { input: model.ann.input }), ways[0]);
  const { ann, calibrationSource, calibratedOn, images, mean, std, batch } = evaluation;
  const [, part] = cutImages(images, 0, classesOf(ann)) as [null, Part];
  const countChannels = ways.some(({ perChannel }) => perChannel);
  const trained = await AnnSession.create(device, ann, { mean, std, batch });
  const session = await CalibrationSession.create(device, ann, calibrationSource, { mean, std, batch, countChannels });
  try {
    const { calibration, tried } = await calibrateForTrials(session);
    const convertAgain = conversionsOf(device, ann, calibration, calibrationSource, evaluation);
    const { top1, images: count } = await trainedHits(trained, part, () => {});
    for (const { scale: method, percentile, perChannel, correctBias, phaseBits } of ways) {
      const way = { scale: method, percentile, perChannel, correctBias, phaseBits: phaseBits as number };
      const network = await convertAgain(way);
      const [{ estimates }] = await tryNetwork(device, network, tried, evaluation);
      const { words } = await lasting(device, (one) => wordHits(one, network, evaluation, part, () => {}));
      const [hits] = words;
      const about = { model: ann.name, calibratedOn, triedImages: tried.source.count, images: count, annTop1: top1 / count };
      onRow({ ...about, ...way, top1: hits.top1 / count, loss: lossOf(hits, count), estimates });
    }
  } finally {
    session.dispose();
    trained.dispose();
  }
}

const points = ({ value, standardError }: Estimate): string =>
  `${(100 * value).toFixed(2)} ± ${(100 * (standardError as number)).toFixed(2)}`;

const cells = (row: EstimateRow): string[] => [
  ...[row.model, wayText(row), String(row.phaseBits), points(row.loss)],
  ...CANDIDATES.map((name) => points(row.estimates[name])),
];

const markdown = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;

async function main(args: string[]): Promise<number> {
  let parsed: Arguments;
  try {
    parsed = parse(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const { options, out, pairs } = parsed;
  const device = await openDevice();
  const rows: EstimateRow[] = [];
  const onRow = (row: EstimateRow) => {
    rows.push(row);
    console.log(markdown(cells(row)));
    const about = { device: device.description, commit: commit(), date: new Date().toISOString(), options };
    if (out) writeFileSync(out, `${JSON.stringify({ ...about, rows, foretelling: foretelling(rows) }, null, 2)}\n`);
  };
  try {
    const head = ['network', 'scale', 'K', 'loss, points', ...TITLES];
    console.log(`${markdown(head)}\n${markdown(head.map(() => '---'))}`);
    for (const pair of pairs) await measure(device, pair, options, onRow);
    console.log(
      `\n${markdown(['estimate', 'correlation with the loss', 'loss a point of it', 'mean distance after that, points'])}`,
    );
    console.log(markdown(['---', '---', '---', '---']));
    for (const { name, correlation, factor, distance } of foretelling(rows)) {
      console.log(markdown([name, correlation.toFixed(3), factor.toFixed(2), (100 * distance).toFixed(2)]));
    }
    return 0;
  } finally {
    device.dispose();
  }
}

const TITLES = CANDIDATES.map(
  (name) =>
    (
      ({
        expectedLoss: 'expected loss',
        disagreement: 'disagreement',
        marginWeighted: 'weighted by margin',
        logitError: 'error of logits',
      }) satisfies Record<keyof Estimates, string>
    )[name],
);

await exitWith(main);
