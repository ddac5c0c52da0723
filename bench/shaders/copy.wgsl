// copy: bandwidth of a kernel that only moves bytes. One invocation: one load and one store of 16 bytes.

@group(0) @binding(0) var<storage, read_write> destination: array<vec4u>;
@group(0) @binding(1) var<storage, read> source: array<vec4u>;

@compute @workgroup_size(64)
fn copy(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let index = (group.z * groups.x + group.x) * 64u + local;
  if (index < arrayLength(&destination)) { destination[index] = source[index]; }
}
