import type { Shape } from '../../ann/ann.ts';
import { anyOf, type Check, type Checks, checkOptions, integer, oneOf, optionsOf } from '../../checks.ts';
import { OptionError } from '../../errors.ts';

/** How pictures of any size become images of one. */
export interface FramingOptions {
  /** Length that the shorter side is brought to, as torchvision's `Resize` does; "none": pictures keep their size. */
  readonly resize?: number | 'none';
  /** Side of the square that is cut out of the middle, as torchvision's `CenterCrop` does (default: the shorter side). */
  readonly crop?: number;
  /** 3: grey pictures become grey RGB. 1: pictures in colour become grey (ITU-R 601, as Pillow's "L"). */
  readonly channels?: 1 | 3;
}

/** Longest side that may be asked for. */
const MAX_SIDE = 2 ** 14;

const SIDE: Check = integer(1, MAX_SIDE);
/** What each of `FramingOptions` must be. */
export const FRAMING_OPTIONS: Checks<FramingOptions> = {
  resize: anyOf(SIDE, oneOf('none')),
  crop: SIDE,
  channels: { expected: '1 or 3', accepts: (value) => value === 1 || value === 3 },
};

/** How pictures are brought to the size of the images. */
export interface Framing {
  /** What the shorter side is brought to; null: nothing. */
  readonly resize: number | null;
  /** Side of the square that is kept; null: everything, and all pictures must be of one size. */
  readonly crop: number | null;
}

/** Sizes in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of a picture. */
export interface Area extends Size {
  readonly left: number;
  readonly top: number;
}

/** What networks of this side are customarily shown: the shorter side brought to the first, and the second cut out of the middle. */
const CUSTOMARY = { side: 224, resize: 256 };

const none = { resize: null, crop: null };

/** What options say of sizes; null where they say nothing. @throws OptionError */
export function framingOf(options: FramingOptions): Framing | null {
  const { resize, crop } = checkOptions(optionsOf(FRAMING_OPTIONS, options), FRAMING_OPTIONS);
  if (resize === undefined && crop === undefined) return null;
  if (resize === undefined || resize === 'none') return { resize: null, crop: crop ?? null };
  if (crop !== undefined && crop > resize) {
    const what = `${crop} is more than the ${resize} that the shorter side is brought to`;
    throw new OptionError('crop', 'crop', what, 'give a smaller one, or a larger --resize');
  }
  return { resize, crop: crop ?? resize };
}

/**
 * How pictures in files are framed: as options say; else 256, 224 where the network takes 224 × 224 or is not known; else not at all,
 * since to change a picture is never done silently.
 */
export function pictureFraming(options: FramingOptions, input: Shape | undefined): Framing {
  const asked = framingOf(options);
  if (asked) return asked;
  const customary = !input || (input.height === CUSTOMARY.side && input.width === CUSTOMARY.side);
  return customary ? { resize: CUSTOMARY.resize, crop: CUSTOMARY.side } : none;
}

/**
 * The size of a picture whose shorter side is brought to `resize`; the longer one is rounded down.
 * Source: torchvision, `transforms.functional._compute_resized_output_size`.
 */
export function resized({ width, height }: Size, resize: number | null): Size {
  if (resize === null) return { width, height };
  return width <= height
    ? { width: resize, height: Math.max(1, Math.trunc((resize * height) / width)) }
    : { width: Math.max(1, Math.trunc((resize * width) / height)), height: resize };
}

/**
 * The middle of a picture, which must be as large; halves are rounded to the even pixel.
 * Source: torchvision, `transforms.functional.center_crop`.
 */
export function centre({ width, height }: Size, crop: number | null): Area {
  if (crop === null) return { left: 0, top: 0, width, height };
  return { left: halfEven((width - crop) / 2), top: halfEven((height - crop) / 2), width: crop, height: crop };
}

/** Rounds to the nearest integer, halves to the even one, as Python does. */
function halfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
