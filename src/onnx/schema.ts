/**
 * The part of ONNX's protobuf messages that the importer reads (onnx.proto, IR version 3 and later), as a protobufjs descriptor.
 * Fields that are not listed are skipped. Subgraphs are declared as bytes, so that no message contains itself. The typed data of a
 * tensor is declared as bytes too (ONNX writes it packed), so that its size is checked before anything is allocated.
 */

import protobuf from 'protobufjs/light.js';

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' });

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, 'int64'),
        producerName: field(2, 'string'),
        graph: field(7, 'GraphProto'),
        opsetImport: list(8, 'OperatorSetIdProto'),
        functions: list(25, 'FunctionProto'),
      },
    },
    FunctionProto: {
      fields: {
        name: field(1, 'string'),
        input: list(4, 'string'),
        output: list(5, 'string'),
        attribute: list(6, 'string'),
        node: list(7, 'NodeProto'),
        opsetImport: list(9, 'OperatorSetIdProto'),
        domain: field(10, 'string'),
        attributeProto: list(11, 'AttributeProto'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    GraphProto: {
      fields: {
        node: list(1, 'NodeProto'),
        name: field(2, 'string'),
        initializer: list(5, 'TensorProto'),
        input: list(11, 'ValueInfoProto'),
        output: list(12, 'ValueInfoProto'),
        sparseInitializer: list(15, 'bytes'),
      },
    },
    NodeProto: {
      fields: {
        input: list(1, 'string'),
        output: list(2, 'string'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: list(5, 'AttributeProto'),
        domain: field(7, 'string'),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'TensorProto'),
        g: field(6, 'bytes'),
        floats: list(7, 'float'),
        ints: list(8, 'int64'),
        type: field(20, 'int32'),
        refAttrName: field(21, 'string'),
      },
    },
    TensorProto: {
      fields: {
        dims: list(1, 'int64'),
        dataType: field(2, 'int32'),
        floatData: field(4, 'bytes'),
        int32Data: field(5, 'bytes'),
        int64Data: field(7, 'bytes'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
        doubleData: field(10, 'bytes'),
        uint64Data: field(11, 'bytes'),
        externalData: list(13, 'StringStringEntryProto'),
        dataLocation: field(14, 'int32'),
      },
    },
    StringStringEntryProto: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    ValueInfoProto: { fields: { name: field(1, 'string'), type: field(2, 'TypeProto') } },
    TypeProto: { fields: { tensorType: field(1, 'TensorTypeProto') } },
    TensorTypeProto: { fields: { elemType: field(1, 'int32'), shape: field(2, 'TensorShapeProto') } },
    TensorShapeProto: { fields: { dim: list(1, 'DimensionProto') } },
    DimensionProto: { fields: { dimValue: field(1, 'int64'), dimParam: field(2, 'string') } },
  },
});

root.resolveAll();

/** Encodes and decodes a whole model file. */
export const modelMessage = root.lookupType('ModelProto');

/** Encodes and decodes a graph within a node. */
export const graphMessage = root.lookupType('GraphProto');

/** A 64-bit integer as protobufjs gives it. */
export type Long = number | { toNumber(): number };

/** The number nearest to a 64-bit integer (exact up to 2^53). */
export const toNumber = (value: Long): number => (typeof value === 'number' ? value : value.toNumber());

export interface TensorProto {
  readonly dims: readonly Long[];
  readonly dataType: number;
  readonly floatData: Uint8Array;
  readonly int32Data: Uint8Array;
  readonly int64Data: Uint8Array;
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly doubleData: Uint8Array;
  readonly uint64Data: Uint8Array;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  /** 1: the values are in another file. */
  readonly dataLocation: number;
}

export interface AttributeProto {
  readonly name: string;
  readonly f: number;
  readonly i: Long;
  readonly s: Uint8Array;
  readonly t: TensorProto | null;
  /** A `GraphProto`, encoded. */
  readonly g: Uint8Array;
  readonly floats: readonly number[];
  readonly ints: readonly Long[];
  /** Which of the fields holds the value: 1 f, 2 i, 3 s, 4 t, 5 g, 6 floats, 7 ints. */
  readonly type: number;
  /** Within a function: the attribute of the calling node that has the value instead. */
  readonly refAttrName: string;
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attribute: readonly AttributeProto[];
  readonly domain: string;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue: Long; readonly dimParam: string }[] } | null;
    } | null;
  } | null;
}

export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string;
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly sparseInitializer: readonly Uint8Array[];
}

export interface ModelProto {
  readonly irVersion: Long;
  readonly producerName: string;
  readonly graph: GraphProto | null;
  readonly opsetImport: readonly OperatorSetIdProto[];
  readonly functions: readonly FunctionProto[];
}

export interface FunctionProto {
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly node: readonly NodeProto[];
  readonly opsetImport: readonly OperatorSetIdProto[];
  readonly domain: string;
  /** Attributes with a default. */
  readonly attributeProto: readonly AttributeProto[];
}

export interface OperatorSetIdProto {
  readonly domain: string;
  readonly version: Long;
}
