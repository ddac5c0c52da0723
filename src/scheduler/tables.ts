/** A share of the weights must start at a multiple of this, whatever the device. */
const ALIGNMENT = 256;

/** A uniform binding of weights: `array<vec4u, 4096>`. */
export const UNIFORM_BYTES = 65536;

/** The element types of a plan's tables. */
type Table = Int32Array | Float32Array;

/** Where the weights of some tiles lie. */
export interface WeightShare {
  /** First tile, and how many. */
  readonly first: number;
  readonly tiles: number;
  /** In bytes, within the weight buffer. */
  readonly offset: number;
  readonly bytes: number;
  /** Whether they fit one uniform binding. */
  readonly uniform: boolean;
}

/** What a dispatch binds of the weight buffer: its share, or a whole uniform binding; something small where it has none. */
export const weightRange = (share: WeightShare | null): { readonly offset: number; readonly size: number } =>
  share ? { offset: share.offset, size: share.uniform ? UNIFORM_BYTES : share.bytes } : { offset: 0, size: 16 };

/** The weights and channel tables of all layers of a plan, appended one after another. */
export class Tables<T extends Table> {
  readonly #weights: (Uint32Array | Float32Array)[] = [];
  readonly #channels: T[] = [];
  readonly #make: new (
    length: number,
  ) => T;
  readonly #uniformBytes: number;
  readonly #storageBytes: number;
  #weightBytes = 0;
  #channelValues = 0;

  /**
   * @param make type of the channel table
   * @param uniformBytes size of a uniform binding of weights; 0 where all are bound as storage
   * @param storageBytes largest size of a storage binding
   */
  constructor(make: new (length: number) => T, uniformBytes: number, storageBytes: number) {
    this.#make = make;
    this.#uniformBytes = uniformBytes;
    this.#storageBytes = storageBytes;
  }

  /**
   * Appends a layer's weights, cut into shares of whole tiles that fit a binding each: a uniform one where a tile does, else a
   * storage one. In one piece where `cut` is false (the kernel knows no first tile), or where not even a tile fits.
   * @param data [tile][tileWords]
   */
  addWeights(data: Uint32Array | Float32Array, tiles: number, tileWords: number, cut: boolean): WeightShare[] {
    const within = (bytes: number) => (cut && tileWords > 0 ? Math.floor(bytes / (tileWords * 4)) : 0);
    const perBinding = within(this.#uniformBytes);
    const most = Math.min(tiles, perBinding || within(this.#storageBytes) || tiles);
    const shares: WeightShare[] = [];
    for (let first = 0; first < tiles; first += most) {
      const count = Math.min(most, tiles - first);
      const part = data.subarray(first * tileWords, (first + count) * tileWords);
      shares.push({
        first,
        tiles: count,
        offset: this.#weightBytes,
        bytes: Math.max(16, part.byteLength),
        uniform: perBinding > 0,
      });
      this.#weights.push(part);
      this.#weightBytes += aligned(part.byteLength);
    }
    return shares;
  }

  /** Appends a layer's channel table and returns its first value's index. */
  addChannels(data: T): number {
    const first = this.#channelValues;
    this.#channels.push(data);
    this.#channelValues += data.length;
    return first;
  }

  /** Everything, ready for upload. A uniform binding is always of full size, so the last one has room behind it. */
  join(): { weights: Uint32Array<ArrayBuffer>; channels: T } {
    const weights = new Uint32Array((this.#weightBytes + this.#uniformBytes + ALIGNMENT) / 4);
    let at = 0;
    for (const part of this.#weights) {
      weights.set(new Uint32Array(part.buffer, part.byteOffset, part.length), at);
      at += aligned(part.byteLength) / 4;
    }
    const channels = new this.#make(Math.max(4, this.#channelValues));
    at = 0;
    for (const part of this.#channels) {
      channels.set(part, at);
      at += part.length;
    }
    return { weights, channels };
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
