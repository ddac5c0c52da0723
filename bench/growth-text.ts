import { type GrowthRow, growthRows } from './charts.ts';
import { type Axis, type BenchResult, isBusy } from './result.ts';
import { digits } from './table.ts';

/**
 * What the charts of the suite `growth` show, from its rows, and what in the library makes it so. One line an axis. Of a busy
 * machine nothing is said about rates: they show the other work. Pure.
 */
export function growthSentences(result: BenchResult): string[] {
  const busy = isBusy(result);
  return [...growthRows(result)].map(([axis, rows]) => {
    const rates = busy
      ? `**${axis[0].toUpperCase()}${axis.slice(1)}**: rates not judged, the machine was busy.`
      : rateOf[axis](rows);
    return `* ${rates} ${memoryOf[axis](rows)}`;
  });
}

/** Halves or single bytes, and what equal work differs by from run to run. */
const K_SPAN = 1.6;

type Rows = readonly GrowthRow[];

const first = (rows: Rows): GrowthRow => rows[0];
const last = (rows: Rows): GrowthRow => rows[rows.length - 1];
const rate = (row: GrowthRow): string => `${digits(row.imagesPerSecond)} images/s`;
const percent = (share: number | null): string => `${(100 * (share as number)).toFixed(0)} %`;
const shares = (rows: Rows): string =>
  `${percent(first(rows).share)} of the bound at ${first(rows).at}, ${percent(last(rows).share)} at ${last(rows).at}`;
const times = (factor: number): string => `${digits(factor)} times`;
const mebibytes = (rows: Rows): string => `${digits(first(rows).bytes / 2 ** 20)} to ${digits(last(rows).bytes / 2 ** 20)} MiB`;
/** From the first row to the last: how much longer an image takes, and how many more multiply-adds it has. */
const slower = (rows: Rows): number => first(rows).imagesPerSecond / last(rows).imagesPerSecond;
const heavier = (rows: Rows): number => macsOf(last(rows)) / macsOf(first(rows));
/** Multiply-adds of one image. */
const macsOf = (row: GrowthRow): number => ((row.gmacs as number) * 1e9) / row.imagesPerSecond;
const spanOf = (rows: Rows): number =>
  Math.max(...rows.map((row) => row.imagesPerSecond)) / Math.min(...rows.map((row) => row.imagesPerSecond));

const rateOf: Readonly<Record<Axis, (rows: Rows) => string>> = {
  batch: (rows) => {
    const best = rows.reduce((a, b) => (b.imagesPerSecond > a.imagesPerSecond ? b : a));
    const enough = rows.find((row) => row.imagesPerSecond >= 0.9 * best.imagesPerSecond) as GrowthRow;
    return (
      `**Batch**: ${rate(first(rows))} one at a time, at most ${rate(best)} (at ${best.at}); 90 % of that from ${enough.at} on. ` +
      'Neighbouring invocations are neighbouring images: small batches fill the lanes with pixels that do not lie side by side, and ' +
      'share the cost of a dispatch among fewer.'
    );
  },
  waves: (rows) =>
    `**Waves**: ${last(rows).at} take ${times(slower(rows))} as long as ${first(rows).at}. Every wave sums all weighted words again; ` +
    'that one dispatch does all of them saves dispatches, not sums.',
  K: (rows) =>
    `**K**: fastest and slowest are ${times(spanOf(rows))} apart. A word of up to 8 bits is multiplied whole, so that K counts ` +
    'in the readout, and where two sums share an integer (`halves`, software drivers): from K = 5 on, random weights would leave ' +
    `its 16 bits, and bytes are multiplied one by one${spanOf(rows) > K_SPAN ? '. This does not explain as much as was measured' : ''}.`,
  width: (rows) =>
    `**Width**: ${times(heavier(rows))} the multiply-adds take ${times(slower(rows))} as long (${shares(rows)}). Bias, clamp and word ` +
    'are paid a neuron, sums a synapse: wider layers have more of these to each of those.',
  depth: (rows) =>
    `**Depth**: ${times(heavier(rows))} the multiply-adds take ${times(slower(rows))} as long (${shares(rows)}). What is added are more ` +
    'layers of the same kind.',
  resolution: (rows) =>
    `**Resolution**: ${times(heavier(rows))} the multiply-adds take ${times(slower(rows))} as long (${shares(rows)}). Maps grow, layers ` +
    'and their weights do not; on small maps a row is no whole number of tiles of 8 pixels.',
};

const memoryOf: Readonly<Record<Axis, (rows: Rows) => string>> = {
  batch: (rows) => `Memory: ${mebibytes(rows)}; beside the weights, all of it is words of images.`,
  waves: (rows) => `Memory: ${mebibytes(rows)}: a layer's words of all waves are there at once.`,
  K: (rows) => `Memory: ${mebibytes(rows)}: a word is a byte whatever K is; the readout's potentials are one a step.`,
  width: (rows) => `Memory: ${mebibytes(rows)}: words grow with the width, weights with its square.`,
  depth: (rows) => `Memory: ${mebibytes(rows)}: weights only, since the words of a layer that was read make room for later ones.`,
  resolution: (rows) => `Memory: ${mebibytes(rows)}: words grow with the area.`,
};
