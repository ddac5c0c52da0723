// A value that is the same in all invocations, read from a uniform buffer at an index that is not a constant. llvmpipe loads
// such a value once for every lane; broadcasting the first lane's shows its compiler that one load is enough. Elsewhere the
// hardware has a constant path, and the value is taken as it is. First of all libraries, for its directives.
#if ${broadcast}
enable subgroups;
diagnostic(off, subgroup_uniformity);  // the value is uniform, whichever lanes are active
#endif
