// Images that stream from an archive: a source of one's own, the same for the command and for the library.
//
//   ARCHIVE=digits.zip bsnn eval datasets/models/mnist-resnet.onnx --dataset module:examples/archive.mjs --calibrate-on mnist
//
// A source says how many images there are, of what shape, of which classes, and reads some of them when it is asked: here from the
// entries CLASS/NAME.png of a zip file, of which no more than a batch is ever decoded. A table of a database is read the same way.
import { openAsBlob } from 'node:fs';
import { BlobReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import sharp from 'sharp';

export default async function images() {
  const archive = new ZipReader(new BlobReader(await openAsBlob(process.env.ARCHIVE)));
  const entries = (await archive.getEntries()).filter(({ filename }) => filename.endsWith('.png'));
  const shape = { channels: 1, height: 28, width: 28 };
  const size = shape.height * shape.width;
  return {
    count: entries.length,
    shape,
    labels: entries.map(({ filename }) => Number(filename.split('/').at(-2))),
    /** Pixels 0…255 of images [first, first + count), [image][channel][y][x]. */
    async read(first, count) {
      const pixels = new Uint8Array(count * size);
      for (let i = 0; i < count; i++) {
        const file = await entries[first + i].getData(new Uint8ArrayWriter());
        pixels.set(await sharp(file).extractChannel(0).raw().toBuffer(), i * size);
      }
      return pixels;
    },
  };
}
