import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { Normalization } from '../../src/run/ann-session.ts';

/** Networks that the project ships. */
export const SHIPPED = fileURLToPath(new URL('../../datasets/models/', import.meta.url));
/** Networks and images that lie beside a developer's checkout, and are not the project's to ship. */
export const SHARED = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** Path of a model: shipped or shared; null, with a printed reason, where it is not there. */
export function modelPath(name: string): string | null {
  for (const folder of [SHIPPED, `${SHARED}models/`]) if (existsSync(`${folder}${name}.onnx`)) return `${folder}${name}.onnx`;
  console.log(`skipped: ${name}.onnx is neither shipped nor in ../shared/models`);
  return null;
}

/** Mean and standard deviation that a model was trained with, from its sidecar. */
export function normalizationOf(path: string): Normalization {
  const { mean, std } = JSON.parse(readFileSync(path.replace(/\.onnx$/, '.json'), 'utf8')) as Normalization;
  return { mean, std };
}

/** A folder of shared data; null, with a printed reason, where it is not there. */
export function sharedFolder(name: string): string | null {
  const folder = `${SHARED}data/${name}`;
  if (existsSync(folder)) return folder;
  console.log(`skipped: no ../shared/data/${name}`);
  return null;
}

/** The folder of CIFAR-10 images; null, with a printed reason, where it is not there. */
export function cifar10Folder(): string | null {
  const folder = `${SHARED}data/cifar10`;
  if (existsSync(folder)) return folder;
  console.log('skipped: no CIFAR-10 images in ../shared/data/cifar10');
  return null;
}

/** Centre crops of a few sample photographs, [image][channel][y][x]; null, with a printed reason, where they are not there. */
export async function photographs(count: number, side: number): Promise<Uint8Array | null> {
  const folder = `${SHARED}data/imagenet-sample`;
  if (!existsSync(folder)) {
    console.log('skipped: no photographs in ../shared/data/imagenet-sample');
    return null;
  }
  const classes = readdirSync(folder).filter((name) => /^n\d+$/.test(name));
  const pixels = new Uint8Array(count * 3 * side * side);
  for (let n = 0; n < count; n++) {
    const inside = `${folder}/${classes[n * Math.floor(classes.length / count)]}`;
    const image = sharp(`${inside}/${readdirSync(inside)[0]}`)
      .resize(256, 256, { fit: 'cover' })
      .removeAlpha()
      .toColourspace('srgb');
    const margin = (256 - side) / 2;
    const interleaved = await image.extract({ left: margin, top: margin, width: side, height: side }).raw().toBuffer();
    for (let i = 0; i < side * side; i++)
      for (let c = 0; c < 3; c++) pixels[(n * 3 + c) * side * side + i] = interleaved[i * 3 + c];
  }
  return pixels;
}
