// What matrix units need of WGSL. First of all libraries, for its directives.
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);  // fragments are loaded under loops over uniform values only
#if ${sizedSubgroup}
enable subgroup_size_control;
#endif
#if ${half}
enable f16;
#endif
