/** One thing that a network must not have. */
export interface Finding {
  /** Name of the layer; null: the network as a whole. */
  readonly layer: string | null;
  readonly what: string;
  readonly remedy: string;
}

/** Takes what is wrong with a layer, or with the network where the layer is null. */
export type Report = (layer: string | null, what: string, remedy?: string) => void;
