/** One line of the table. */
export interface Row {
  readonly suite: string;
  readonly name: string;
  /** Which code: `uniform packed`, `storage f32`, … */
  readonly variant: string;
  /** 10^9 multiply-adds a second; null where bytes count. */
  readonly gmacs: number | null;
  /** 10^9 bytes a second; null where multiply-adds count. */
  readonly gbps: number | null;
  /** Images a second, for whole networks. */
  readonly imagesPerSecond: number | null;
  /** Images × time steps a second, for the stepped engine. */
  readonly imageStepsPerSecond?: number;
  /** Part of the bound that was reached; null where the row is itself a bound. */
  readonly share: number | null;
  /** Which peak of the same run `share` is of. */
  readonly bound: Bound | null;
  /** Part of the packed dot-product rate, for packed variants. */
  readonly dotShare: number | null;
  /** Median time of one repetition by the GPU's timestamps; null where the device has none. */
  readonly gpuMs: number | null;
  /** Median time from submission to its completion, by the CPU's clock. */
  readonly wallMs: number;
  /** Median absolute deviation of the time that counts (GPU where there is one, else wall), as a part of it. */
  readonly spread: number;
  /** Suite `growth`: what this row and its neighbours vary … */
  readonly axis?: Axis;
  /** … and its value here. */
  readonly at?: number;
  /** GPU memory that the session holds. */
  readonly bytes?: number;
  /** Images a second if the unit used (`bound`) did nothing but multiply-add, at its peak measured beside. */
  readonly boundImagesPerSecond?: number;
}

/** Takes a row as soon as it is measured. */
export type AddRow = (row: Row) => void;

/** What the suite `growth` varies, one at a time. */
export type Axis = 'batch' | 'waves' | 'K' | 'width' | 'depth' | 'resolution';

/** What can limit a kernel: multiply-adds in f32, packed dot products, bytes copied. */
export type Bound = 'fma' | 'dot4' | 'copy';

/** What the device can do, measured in the same run. Rates in 10^9 a second, times in microseconds; null: not there. */
export interface Peaks {
  readonly fmaGmacs: number;
  readonly dot4Gmacs: number | null;
  readonly dot4SignedGmacs: number | null;
  readonly f16Gmacs: number | null;
  /** Of the matrix units, 8-bit operands; null: not there, or not measured. */
  readonly matrixGmacs: number | null;
  /** Loads of 4 or 16 bytes an invocation, index equal for all or by invocation; 10^9 bytes asked for a second. */
  readonly loadGbps: Readonly<Record<string, number>>;
  readonly copyGbps: number;
  readonly dispatchUs: number;
  readonly submitUs: number;
}

/** What `--json` writes. */
export interface BenchResult {
  readonly device: { readonly adapter: string; readonly driver: string };
  readonly software: boolean;
  readonly commit: string;
  readonly date: string;
  /** With the variables that choose how a software driver compiles. */
  readonly command: string;
  readonly host: {
    readonly cpu: string;
    readonly cores: number;
    readonly vectorBits: string | null;
    readonly shaderCache: boolean;
    /** Cores that other work kept busy in the second before the first measurement. */
    readonly load: number;
  };
  /** Whether times of rows are the GPU's own. */
  readonly timestamps: boolean;
  readonly peaks: Peaks;
  /** The run did not come to its end: rows are missing. */
  readonly cut?: true;
  readonly rows: readonly Row[];
}

/** A result and the name of its file in `bench/results/`, without its ending. */
export interface StoredResult {
  readonly name: string;
  readonly result: BenchResult;
}

/** Load average, as a part of the cores, above which other work takes a noticeable share of a software driver's. */
const BUSY = 0.25;

/** Whether other work was under way on the machine, so that times say little. */
export const isBusy = ({ host }: BenchResult): boolean => host.load > BUSY * host.cores;
