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

/** Where the channel table of a layer lies, in bytes within the table buffer. */
export interface TableSlice {
  readonly offset: number;
  readonly bytes: number;
  /** Whether it fits one uniform binding. */
  readonly uniform: boolean;
}

/** What a dispatch binds of a buffer of weights or tables: its share, or a whole uniform binding; something small where it has none. */
export const bindingRange = (share: WeightShare | TableSlice | null): { readonly offset: number; readonly size: number } =>
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
  #uniformWeights = false;
  #uniformTables = false;

  /**
   * @param make type of the channel table
   * @param uniformBytes size of a uniform binding; 0 where the device has smaller ones
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
   * @param uniform whether a uniform binding is wanted
   */
  addWeights(data: Uint32Array | Float32Array, tiles: number, tileWords: number, cut: boolean, uniform = cut): WeightShare[] {
    const within = (bytes: number) => (cut && tileWords > 0 ? Math.floor(bytes / (tileWords * 4)) : 0);
    const perBinding = uniform ? within(this.#uniformBytes) : 0;
    const most = Math.min(tiles, perBinding || within(this.#storageBytes) || tiles);
    this.#uniformWeights ||= perBinding > 0;
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

  /**
   * Appends a layer's channel table, where a binding may start.
   * @param uniform to be bound as uniform, where it fits
   */
  addChannels(data: T, uniform: boolean): TableSlice {
    const offset = this.#channelValues * 4;
    this.#channels.push(data);
    this.#channelValues += aligned(data.byteLength) / 4;
    const fits = uniform && data.byteLength <= this.#uniformBytes;
    this.#uniformTables ||= fits;
    return { offset, bytes: Math.max(16, data.byteLength), uniform: fits };
  }

  /** Bytes behind the last entry: a uniform binding is always of full size. */
  #room = (uniform: boolean): number => ALIGNMENT + (uniform ? this.#uniformBytes : 0);

  /** Everything, ready for upload. */
  join(): { weights: Uint32Array<ArrayBuffer>; channels: T } {
    const weights = new Uint32Array((this.#weightBytes + this.#room(this.#uniformWeights)) / 4);
    let at = 0;
    for (const part of this.#weights) {
      weights.set(new Uint32Array(part.buffer, part.byteOffset, part.length), at);
      at += aligned(part.byteLength) / 4;
    }
    const channels = new this.#make(this.#channelValues + this.#room(this.#uniformTables) / 4);
    at = 0;
    for (const part of this.#channels) {
      channels.set(part, at);
      at += aligned(part.byteLength) / 4;
    }
    return { weights, channels };
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
