/** The exit code of the command for each cause (README, "Exit codes"). */
export const EXIT = { ok: 0, failure: 1, usage: 2, unsupported: 3, noAdapter: 4, gate: 5, interrupted: 130 } as const;

/** Every error the library throws on purpose: what (message), where (node, layer, file, record, kernel), what to do. */
export class BsnnError extends Error {
  /** Stable identifier of the cause, for programs. */
  readonly code: string;
  /** Node, layer, file and record, option or kernel the error is about. */
  readonly where: string;
  /** What the user can do about it. */
  readonly remedy: string;
  /** Exit code of the command. */
  readonly exitCode: number = EXIT.failure;

  constructor(code: string, where: string, what: string, remedy: string, options?: ErrorOptions) {
    super(`${where}: ${what}${remedy ? `; ${remedy}` : ''}`, options);
    this.name = new.target.name;
    this.code = code;
    this.where = where;
    this.remedy = remedy;
  }
}

/** The model is a valid ONNX file, but holds something that has no spiking counterpart or is not implemented. */
export class UnsupportedModelError extends BsnnError {
  override readonly exitCode: number = EXIT.unsupported;
}

/** The file is not a readable ONNX model: truncated, inconsistent, missing tensors, NaN weights. */
export class ModelFormatError extends BsnnError {}

/** A data set's file is missing, truncated, of the wrong size, or holds a label out of range. */
export class DataSetError extends BsnnError {}

/** No adapter, a lost device, a validation error of a kernel, or a limit that the device does not offer. */
export class DeviceError extends BsnnError {
  override readonly exitCode: number;
  constructor(code: string, where: string, what: string, remedy: string, options?: ErrorOptions) {
    super(code, where, what, remedy, options);
    this.exitCode = code === 'no-adapter' ? EXIT.noAdapter : EXIT.failure;
  }
}

/** A layer cannot be put on the integer grid, or follows a rule that the specification does not have. */
export class ConversionError extends BsnnError {
  override readonly exitCode: number = EXIT.unsupported;
}

/** An argument of the command or of an exported function is out of its range. */
export class OptionError extends BsnnError {
  override readonly exitCode: number = EXIT.usage;
}
