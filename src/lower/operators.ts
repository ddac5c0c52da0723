/** The operators on activations that are supported, and what to do about the best known of the others. */

import type { LowerOperator } from './lowering.ts';
import { lowerClip, lowerMax, lowerMin, lowerRelu } from './operators/activation.ts';
import { lowerGather, lowerSplit } from './operators/channels.ts';
import { lowerConv, lowerGemm, lowerMatMul } from './operators/convolution.ts';
import { lowerPad, lowerSlice } from './operators/crop.ts';
import { lowerComparison, lowerWhere } from './operators/disguise.ts';
import { lowerArgMax, lowerSigmoid, lowerSoftmax } from './operators/ending.ts';
import { lowerAdd, lowerConcat, lowerMean, lowerSub } from './operators/join.ts';
import {
  lowerCast,
  lowerDropout,
  lowerFlatten,
  lowerIdentity,
  lowerReshape,
  lowerSqueeze,
  lowerTranspose,
  lowerUnsqueeze,
} from './operators/layout.ts';
import { lowerLeakyRelu, lowerPRelu } from './operators/leaky.ts';
import {
  lowerAveragePool,
  lowerGlobalAveragePool,
  lowerGlobalMaxPool,
  lowerMaxPool,
  lowerReduceMax,
  lowerReduceMean,
} from './operators/pool.ts';
import { lowerDequantizeLinear, lowerFloor, lowerQuantizeLinear, lowerRound } from './operators/rounding.ts';
import { lowerBatchNormalization, lowerDiv, lowerMul, lowerNeg } from './operators/scale.ts';

/** Operators on activations, by ONNX name. */
export const OPERATORS: ReadonlyMap<string, LowerOperator> = new Map(
  Object.entries({
    Add: lowerAdd,
    ArgMax: lowerArgMax,
    AveragePool: lowerAveragePool,
    BatchNormalization: lowerBatchNormalization,
    Cast: lowerCast,
    Clip: lowerClip,
    Concat: lowerConcat,
    Conv: lowerConv,
    DequantizeLinear: lowerDequantizeLinear,
    Div: lowerDiv,
    Dropout: lowerDropout,
    Flatten: lowerFlatten,
    Floor: lowerFloor,
    Gather: lowerGather,
    Gemm: lowerGemm,
    GlobalAveragePool: lowerGlobalAveragePool,
    GlobalMaxPool: lowerGlobalMaxPool,
    Greater: lowerComparison,
    GreaterOrEqual: lowerComparison,
    Identity: lowerIdentity,
    LeakyRelu: lowerLeakyRelu,
    Less: lowerComparison,
    LessOrEqual: lowerComparison,
    LogSoftmax: lowerSoftmax,
    MatMul: lowerMatMul,
    Max: lowerMax,
    MaxPool: lowerMaxPool,
    Mean: lowerMean,
    Min: lowerMin,
    Mul: lowerMul,
    Neg: lowerNeg,
    PRelu: lowerPRelu,
    Pad: lowerPad,
    QuantizeLinear: lowerQuantizeLinear,
    ReduceMax: lowerReduceMax,
    ReduceMean: lowerReduceMean,
    Relu: lowerRelu,
    Reshape: lowerReshape,
    Round: lowerRound,
    Sigmoid: lowerSigmoid,
    Slice: lowerSlice,
    Softmax: lowerSoftmax,
    Split: lowerSplit,
    Squeeze: lowerSqueeze,
    Sub: lowerSub,
    Sum: lowerAdd,
    Transpose: lowerTranspose,
    Unsqueeze: lowerUnsqueeze,
    Where: lowerWhere,
  }),
);

const SMOOTH = 'a smooth activation has no spike rate of its own; retrain with ReLU or ReLU6';
const NORMALISED = 'statistics of each image cannot be folded; train with BatchNormalization';
const QUANTIZED = 'export in QDQ form (QuantizeLinear and DequantizeLinear in pairs), or give the float model';
const DYNAMIC = 'a range of each image cannot be known before: quantise statically in QDQ form, or give the float model';
const RESIZED = 'only classifiers without upsampling are supported';
const RECURRENT = 'only feed-forward image classifiers are supported';

/** What to do about operators that are refused. */
export const REMEDIES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ConvTranspose: RESIZED,
    ConvInteger: QUANTIZED,
    DynamicQuantizeLinear: DYNAMIC,
    Elu: SMOOTH,
    Erf: SMOOTH,
    Exp: SMOOTH,
    GRU: RECURRENT,
    Gelu: SMOOTH,
    GroupNormalization: NORMALISED,
    HardSigmoid: SMOOTH,
    HardSwish: SMOOTH,
    InstanceNormalization: NORMALISED,
    LRN: NORMALISED,
    LSTM: RECURRENT,
    LayerNormalization: NORMALISED,
    Loop: RECURRENT,
    Mish: SMOOTH,
    MatMulInteger: QUANTIZED,
    QLinearConv: QUANTIZED,
    QLinearMatMul: QUANTIZED,
    RNN: RECURRENT,
    Resize: RESIZED,
    Selu: SMOOTH,
    Softplus: SMOOTH,
    Softsign: SMOOTH,
    Tanh: SMOOTH,
    Upsample: RESIZED,
  }),
);

/** What to do about any other. */
export const DEFAULT_REMEDY = 'replace it in the model, or fold it away before export (onnx-simplifier, model.eval())';
