// matrix_rate: the rate of matrix units on fragments in registers: 8 results of M × N, one left and one right operand.
// One subgroup: TURNS × 8 × M·N·K multiply-adds. Operands are 1 and 2, so that every product is TURNS · K · 2.
// Each workgroup stores its first subgroup's results together, to the same place as all others: the values are equal.

#if ${half}
enable f16;
#endif
#if ${sizedSubgroup}
enable subgroup_size_control;
#endif
enable chromium_experimental_subgroup_matrix;

const TURNS = 64u;

alias Left = subgroup_matrix_left<${operand}, ${matrixK}, ${matrixM}>;
alias Right = subgroup_matrix_right<${operand}, ${matrixN}, ${matrixK}>;
alias Result = subgroup_matrix_result<${product}, ${matrixN}, ${matrixM}>;

@group(0) @binding(0) var<storage, read_write> sums: array<${product}>;
var<workgroup> ones: array<${scalar}, 1024>;
var<workgroup> twos: array<${scalar}, 1024>;

@compute @workgroup_size(64)
#if ${sizedSubgroup}
@subgroup_size(${subgroupSize})
#endif
fn matrix_rate(@builtin(local_invocation_index) local: u32, @builtin(subgroup_id) subgroup: u32) {
  for (var i = local; i < 1024u; i += 64u) {
#if ${bytes}
    ones[i] = 0x01010101u;
    twos[i] = 0x02020202u;
#else
    ones[i] = 1.0;
    twos[i] = 2.0;
#endif
  }
  workgroupBarrier();
  let a = subgroupMatrixLoad<Left, row_major>(&ones, 0u, ${matrixK}u / ${perScalar}u);
  let b = subgroupMatrixLoad<Right, col_major>(&twos, 0u, ${matrixK}u / ${perScalar}u);
  var r0 = Result(); var r1 = Result(); var r2 = Result(); var r3 = Result();
  var r4 = Result(); var r5 = Result(); var r6 = Result(); var r7 = Result();
  for (var turn = 0u; turn < TURNS; turn++) {
    r0 = subgroupMatrixMultiplyAccumulate(a, b, r0); r1 = subgroupMatrixMultiplyAccumulate(a, b, r1);
    r2 = subgroupMatrixMultiplyAccumulate(a, b, r2); r3 = subgroupMatrixMultiplyAccumulate(a, b, r3);
    r4 = subgroupMatrixMultiplyAccumulate(a, b, r4); r5 = subgroupMatrixMultiplyAccumulate(a, b, r5);
    r6 = subgroupMatrixMultiplyAccumulate(a, b, r6); r7 = subgroupMatrixMultiplyAccumulate(a, b, r7);
  }
  let place = subgroup * 8u * ${matrixM}u * ${matrixN}u;
  subgroupMatrixStore<row_major>(&sums, place, r0, ${matrixN}u);
  subgroupMatrixStore<row_major>(&sums, place + ${matrixM}u * ${matrixN}u, r1, ${matrixN}u);
  subgroupMatrixStore<row_major>(&sums, place + 2u * ${matrixM}u * ${matrixN}u, r2, ${matrixN}u);
  subgroupMatrixStore<row_major>(&sums, place + 3u * ${matrixM}u * ${matrixN}u, r3, ${matrixN}u);
  subgroupMatrixStore<row_major>(&sums, place + 4u * ${matrixM}u * ${matrixN}u, r4, ${matrixN}u);
  subgroupMatrixStore<row_major>(&sums, place + 5u * ${matrixM}u * ${matrixN}u, r5, ${matrixN}u);
  subgroupMatrixStore<row_major>(&sums, place + 6u * ${matrixM}u * ${matrixN}u, r6, ${matrixN}u);
  subgroupMatrixStore<row_major>(&sums, place + 7u * ${matrixM}u * ${matrixN}u, r7, ${matrixN}u);
}
