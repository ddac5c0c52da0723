import { ALIGNMENT, aligned } from '../gpu/bind.ts';
import type { Range, Share } from '../kernels/kernel.ts';
import { largestBinding, type PlanLimits } from './fit.ts';
import type { BufferPlan, Content } from './program.ts';

/** A uniform binding of weights: `array<vec4u, 4096>`. */
export const UNIFORM_BYTES = 65536;

/** Whether a device has uniform bindings that are large enough for weights. */
export const hasUniform = ({ maxUniformBufferBindingSize }: PlanLimits): boolean => maxUniformBufferBindingSize >= UNIFORM_BYTES;

/** The weights of one layer, before they are packed. */
export interface Weights {
  readonly layer: number;
  /** Tiles of 8 output channels, each of so many bytes. */
  readonly tiles: number;
  readonly tileBytes: number;
}

/**
 * Lays out the weights and channel tables of all layers, one behind another, and says what goes where; nothing is packed here.
 * What a dispatch binds of them keeps to the limits.
 */
export class Tables {
  readonly #uniformBytes: number;
  readonly #storageBytes: number;
  readonly #contents: Content[] = [];
  readonly #ends = new Map<string, number>();
  /** Buffers of which something is bound as uniform, always in full size. */
  readonly #uniform = new Set<string>();

  constructor(limits: PlanLimits) {
    this.#uniformBytes = hasUniform(limits) ? UNIFORM_BYTES : 0;
    this.#storageBytes = largestBinding(limits);
  }

  /**
   * Appends a layer's weights, cut into shares of whole tiles that fit a binding each: a uniform one where it is wanted and a tile
   * fits, else a storage one. A single tile that does not fit is left as it is: nothing will bind it.
   * @param pack packer of whole layers, [tile][…]
   */
  weights(buffer: string, pack: string, { layer, tiles, tileBytes }: Weights, uniform: boolean): Share[] {
    return this.#cut(tiles, tileBytes, uniform).map(({ first, count, isUniform }) => {
      const part = { offset: first * tileBytes, size: count * tileBytes };
      return { first, tiles: count, ...this.#append(buffer, { pack, layer, part }, part.size, isUniform) };
    });
  }

  /** The same for a packer of tiles, [tiles of a share in any order]. Always bound as storage. */
  parts(buffer: string, pack: string, { layer, tiles, tileBytes }: Weights): Share[] {
    return this.#cut(tiles, tileBytes, false).map(({ first, count }) => {
      return { first, tiles: count, ...this.#append(buffer, { pack, layer, first, tiles: count }, count * tileBytes, false) };
    });
  }

  /** Appends the table of a layer's channels. @param uniform to be bound as uniform, where it fits */
  table(buffer: string, pack: string, layer: number, bytes: number, uniform: boolean): Share {
    return { first: 0, tiles: 0, ...this.#append(buffer, { pack, layer }, bytes, uniform && bytes <= this.#uniformBytes) };
  }

  #cut(tiles: number, tileBytes: number, uniform: boolean) {
    const within = (bytes: number) => (tileBytes > 0 ? Math.floor(bytes / tileBytes) : 0);
    const perUniform = uniform ? within(this.#uniformBytes) : 0;
    const most = Math.min(tiles, perUniform || within(this.#storageBytes) || tiles);
    return Array.from({ length: Math.ceil(tiles / most) }, (_, i) => {
      const first = i * most;
      return { first, count: Math.min(most, tiles - first), isUniform: perUniform > 0 };
    });
  }

  #append(
    buffer: string,
    content: Omit<Content, 'buffer' | 'offset'>,
    bytes: number,
    uniform: boolean,
  ): { readonly range: Range; readonly uniform: boolean } {
    const offset = this.#ends.get(buffer) ?? 0;
    if (bytes > 0) this.#contents.push({ buffer, offset, ...content });
    this.#ends.set(buffer, offset + aligned(bytes));
    if (uniform) this.#uniform.add(buffer);
    return { range: { offset, size: uniform ? this.#uniformBytes : Math.max(16, bytes) }, uniform };
  }

  /** A buffer of which shares are bound, with room behind the last entry: a uniform binding is always of full size. */
  buffer(name: string): BufferPlan {
    const room = ALIGNMENT + (this.#uniform.has(name) ? this.#uniformBytes : 0);
    return { bytes: (this.#ends.get(name) ?? 0) + room, usage: 'weights', cleared: false };
  }

  /** What goes where. */
  get contents(): readonly Content[] {
    return this.#contents;
  }
}
