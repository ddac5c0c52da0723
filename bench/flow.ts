/**
 * node scripts/run-ts.mjs bench/flow.ts [IMAGES | SPEC]: evaluates 20,000 made-up images of 224² pixels and 1,000 classes, 2.8 GiB of pixels
 * and 0.9 GiB of potentials that nobody ever holds; writes docs/results/flow.svg and prints the process's peak of resident memory.
 * Then checks on the first images that what flows by gives the figures of the whole. With a SPEC as `--dataset` takes it, images come from
 * there (folder:DIR: decoded as they flow), and nothing is written or checked. Exit 1 where memory is not flat.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from '../src/data/data-set.ts';
import { openDataSet } from '../src/data/open.ts';
import { evaluate } from '../src/evaluate/evaluate.ts';
import { openDevice } from '../src/gpu/node.ts';
import { checkFigures } from './flow/check.ts';
import { flowNetwork, IMAGE_BYTES, madeUpDataSet, SHAPE } from './flow/images.ts';
import { growthOf, MemoryWatch, memoryChart, peakOf } from './flow/memory.ts';
import { ROOT } from './root.ts';

const IMAGES = 20_000;
const CHECKED = 300;
/** MiB that the process may take, and grow by within a stage. */
const MOST = 700;
const MOST_GROWTH = 40;

async function main([given]: readonly string[]): Promise<number> {
  const madeUp = !given?.includes(':');
  const wanted = given === undefined ? IMAGES : Number(given);
  if (madeUp && (!Number.isSafeInteger(wanted) || wanted < 1)) {
    console.error('usage: node scripts/run-ts.mjs bench/flow.ts [IMAGES | SPEC]');
    return 2;
  }
  const data: DataSet = madeUp ? madeUpDataSet(wanted) : await openDataSet(given as string, { input: SHAPE });
  const { count } = data.evaluation;
  const device = await openDevice();
  try {
    const watch = new MemoryWatch();
    const options = { phaseBits: 4, batch: 64, calibration: 200, diagnosis: 256, waves: 3 };
    const { ann, snn, timing } = await evaluate(device, flowNetwork(), data, options, (at) => watch.show(at));
    watch.stop();
    const { samples } = watch;
    const peak = peakOf(samples);
    const pixels = `${count} images, ${Math.round((count * IMAGE_BYTES) / 2 ** 20)} MiB of pixels`;
    const growth = ['ann', 'snn'].map((stage) => growthOf(samples, stage));
    console.log(`${pixels}, on ${device.description.adapter}`);
    console.log(
      `peak ${peak.toFixed(0)} MiB resident, ${samples[0].mebibytes.toFixed(0)} before the start; growth within the run of the ANN ${growth[0].toFixed(1)}, of the SNN ${growth[1].toFixed(1)} MiB`,
    );
    console.log(
      `${samples[samples.length - 1].seconds.toFixed(0)} s; SNN ${timing.imagesPerSecond.toFixed(0)} images/s, read at ${timing.readImagesPerSecond?.toFixed(0)}; idle share of the GPU ${timing.gpuIdleShare?.toFixed(3)}; top-5 ${ann.top5} / ${snn.top5}, agreement ${snn.agreement}`,
    );
    // the renderer is loaded late, so that its memory is not in the measurement
    const { renderSvg } = await import('../src/plot/render.ts');
    const svg = await renderSvg(
      memoryChart(samples, pixels, `evaluated in batches of 64: at most ${peak.toFixed(0)} MiB resident`),
    );
    mkdirSync(join(ROOT, 'docs/results'), { recursive: true });
    if (given === undefined) writeFileSync(join(ROOT, 'docs/results/flow.svg'), `${svg}\n`);
    if (madeUp) console.log(await checkFigures(device, Math.min(count, CHECKED)));
    const flat = peak < MOST && growth.every((by) => by < MOST_GROWTH);
    if (!flat) console.error(`not flat: at most ${MOST} MiB and a growth of ${MOST_GROWTH} MiB were to be`);
    return flat ? 0 : 1;
  } finally {
    device.dispose();
  }
}

process.exitCode = await main(process.argv.slice(2));
