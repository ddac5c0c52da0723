// no_op: what a dispatch costs that does next to nothing. One workgroup; one store by its first invocation.

@group(0) @binding(0) var<storage, read_write> mark: array<u32>;

@compute @workgroup_size(64)
fn no_op(@builtin(global_invocation_id) id: vec3u) {
  if (id.x == 0u) { mark[0] = 1u; }
}
