// What matrix units need of WGSL. First of all libraries, for its directives.
#if ${matrix}
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);  // fragments are loaded under loops over uniform values only
#endif
#if ${half}
enable f16;
#endif
