/** The exit code of the command for each cause (README, "Exit codes"). */
export const EXIT = { ok: 0, failure: 1, usage: 2, unsupported: 3, noAdapter: 4, interrupted: 130 } as const;

// Codes: stable identifiers of causes, for programs; docs/errors.md says of each when it happens and what to do.

export type UnsupportedModelCode =
  | 'constant-output'
  | 'input-shape'
  | 'input-type'
  | 'linear-without-relu'
  | 'opset'
  | 'output-shape'
  | 'several-inputs'
  | 'several-outputs'
  | 'too-large'
  | 'unsupported-operator'
  | 'unsupported-shape'
  | 'unsupported-type';

export type ModelFormatCode =
  | 'bad-attribute'
  | 'bad-shape'
  | 'bad-tensor'
  | 'bad-weights'
  | 'cycle'
  | 'duplicate-tensor'
  | 'external-data'
  | 'missing-tensor'
  | 'network-digest'
  | 'network-file'
  | 'network-tensor'
  | 'network-text'
  | 'network-truncated'
  | 'network-value'
  | 'network-version'
  | 'no-input'
  | 'no-output'
  | 'not-onnx'
  | 'sidecar-classes'
  | 'sidecar-field'
  | 'sidecar-json'
  | 'sidecar-size'
  | 'sidecar-unreadable'
  | 'unreadable-file';

export type DataSetCode =
  | 'data-arrays'
  | 'data-corrupt'
  | 'data-count'
  | 'data-empty'
  | 'data-label'
  | 'data-magic'
  | 'data-missing'
  | 'data-shape'
  | 'data-size'
  | 'data-truncated'
  | 'data-type'
  | 'data-unreadable';

export type DeviceCode =
  | 'device-lost'
  | 'disposed'
  | 'no-adapter'
  | 'no-matrix'
  | 'out-of-memory'
  | 'self-test'
  | 'shader'
  | 'shader-text'
  | 'too-large'
  | 'too-many-terms'
  | 'tuning-differs'
  | 'validation';

export type ConversionCode = 'bad-scale' | 'grid-too-coarse' | 'no-bound' | 'pool' | 'readout' | 'unread' | 'unsound-network';

/** Where one option alone is wrong, the code is its name. */
export type OptionCode =
  | 'adapter'
  | 'argument'
  | 'arithmetic'
  | 'assume'
  | 'batch'
  | 'calibrateOn'
  | 'calibration'
  | 'capabilities'
  | 'checkpoint'
  | 'channels'
  | 'checkpoints'
  | 'choices'
  | 'chunk'
  | 'classes'
  | 'convolution'
  | 'correctBias'
  | 'crop'
  | 'data-set-form'
  | 'diagnosis'
  | 'digest'
  | 'evaluation-file'
  | 'form'
  | 'fraction'
  | 'gpu'
  | 'image'
  | 'image-shape'
  | 'imageCount'
  | 'images'
  | 'initial'
  | 'input'
  | 'keepCells'
  | 'keepMembranes'
  | 'keepWords'
  | 'known'
  | 'label'
  | 'labels'
  | 'layer'
  | 'layers'
  | 'limit'
  | 'loss'
  | 'mean'
  | 'memory'
  | 'name'
  | 'neuron'
  | 'neurons'
  | 'normalized'
  | 'offset'
  | 'onChecked'
  | 'onCheckpoint'
  | 'onProgress'
  | 'onSilent'
  | 'output'
  | 'output-file'
  | 'output-kind'
  | 'percentile'
  | 'perChannel'
  | 'phaseBits'
  | 'readWords'
  | 'resize'
  | 'saved-network'
  | 'scale'
  | 'scales'
  | 'session-disposed'
  | 'shard'
  | 'skipBad'
  | 'std'
  | 'sweep'
  | 'synchronous'
  | 'timesteps'
  | 'top'
  | 'trials'
  | 'tune-kernels'
  | 'tuning-file'
  | 'unknown-option'
  | 'waves'
  | 'weights'
  | 'what';

export type ErrorCode = UnsupportedModelCode | ModelFormatCode | DataSetCode | DeviceCode | ConversionCode | OptionCode;

/** Characters that move a terminal's cursor, change its colours or the order of letters. */
export const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text of a file (a name, a path) as it may be shown: what is unprintable is escaped. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (c) => {
    const code = c.codePointAt(0) as number;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });

/** Most characters of an error's parts: whatever names a file has, the message has at most 2,000, and ends with what to do. */
const LONGEST = { where: 400, what: 800, remedy: 790 } as const;

function shown(text: string, longest: number): string {
  const whole = printable(text.slice(0, longest + 1));
  return whole.length <= longest ? whole : `${whole.slice(0, longest - 1)}…`;
}

/**
 * Every error the library throws on purpose: what (message), where (node, layer, file, record, kernel), what to do. Names of files are
 * `printable` in all of them.
 * `Code`: those that a subclass may be made with.
 */
export class BsnnError<Code extends ErrorCode = ErrorCode> extends Error {
  /** Stable identifier of the cause, for programs. */
  readonly code: ErrorCode;
  /** Node, layer, file and record, option or kernel the error is about. */
  readonly where: string;
  /** What is wrong with it. */
  readonly what: string;
  /** What the user can do about it. */
  readonly remedy: string;
  /** Exit code of the command. */
  readonly exitCode: number = EXIT.failure;

  constructor(code: Code, where: string, what: string, remedy: string, options?: ErrorOptions) {
    const parts = { where: shown(where, LONGEST.where), what: shown(what, LONGEST.what), remedy: shown(remedy, LONGEST.remedy) };
    super(`${parts.where}: ${parts.what}${remedy ? `; ${parts.remedy}` : ''}`, options);
    this.name = new.target.name;
    this.code = code;
    this.where = parts.where;
    this.what = parts.what;
    this.remedy = parts.remedy;
  }
}

/** The model is a valid ONNX file, but holds something that has no spiking counterpart or is not implemented. */
export class UnsupportedModelError extends BsnnError<UnsupportedModelCode> {
  override readonly exitCode: number = EXIT.unsupported;
}

/** The file is not a readable ONNX model: truncated, inconsistent, missing tensors, NaN weights. Or its sidecar is wrong, or a saved network. */
export class ModelFormatError extends BsnnError<ModelFormatCode> {}

/** A data set's file is missing, truncated, of the wrong size, or holds a label out of range. */
export class DataSetError extends BsnnError<DataSetCode> {}

/** No adapter, a lost device, a validation error of a kernel, or a limit that the device does not offer. */
export class DeviceError extends BsnnError<DeviceCode> {
  override readonly exitCode: number;
  constructor(code: DeviceCode, where: string, what: string, remedy: string, options?: ErrorOptions) {
    super(code, where, what, remedy, options);
    this.exitCode = code === 'no-adapter' ? EXIT.noAdapter : EXIT.failure;
  }
}

/** A layer cannot be put on the integer grid, or follows a rule that the specification does not have. */
export class ConversionError extends BsnnError<ConversionCode> {
  override readonly exitCode: number = EXIT.unsupported;
}

/** An argument of the command or of an exported function is out of its range. */
export class OptionError extends BsnnError<OptionCode> {
  override readonly exitCode: number = EXIT.usage;
}
