/** The public face of `bsnn-webgpu`. Nothing else is exported. */

export { type AnnResult, AnnSession, type AnnSessionOptions, type Normalization } from './ann/ann-session.ts';
export type { DataSet, Images } from './data/data-set.ts';
export { DATA_SET_FORMS, openDataSet } from './data/open.ts';
export { readSidecar, type Sidecar } from './data/sidecar.ts';
export { readTuning, writeTuning } from './data/tuning.ts';
export {
  BsnnError,
  ConversionError,
  DataSetError,
  DeviceError,
  ModelFormatError,
  OptionError,
  UnsupportedModelError,
} from './errors.ts';
export type { Accuracy } from './evaluate/accuracy.ts';
export { type ConvertOptions, convert } from './evaluate/convert.ts';
export type { CurvePoint } from './evaluate/curve.ts';
export { evaluate, type Progress } from './evaluate/evaluate.ts';
export type { EvaluateOptions } from './evaluate/options.ts';
export type { EvaluationResult, LayerFigures, SpikingAccuracy, Timing } from './evaluate/result.ts';
export type { AdapterDescription, Device, DeviceOptions } from './gpu/device.ts';
export { openDevice } from './gpu/node.ts';
export type { Ann, AnnLayer, AnnNeurons, AnnPool, AnnReadout, AnnTerm, Convolution, Identity, Shape, Window } from './graph/ann.ts';
export type {
  SpikingInput,
  SpikingLayer,
  SpikingNetwork,
  SpikingNeurons,
  SpikingPool,
  SpikingReadout,
  SpikingTerm,
} from './network/network.ts';
export { type ImportOptions, importOnnx } from './onnx/import.ts';
export type { Choice, Choices } from './scheduler/choices.ts';
export type { Plan } from './scheduler/plan.ts';
export { type RunResult, Session, type SessionOptions } from './session/session.ts';
export { type TuneOptions, tune } from './session/tune.ts';
