// REQUIRES: tpc, tpc-compile
// RUN: tpc compile %models/mlp.mlir -o %t.plan
// RUN: tpc inspect %t.plan | head -n 1 > %t.hash
// RUN: sed -e 's/^module/\n\/\/ Another comment.\nmodule/' -e 's/%%x\b/%%input/g' %models/mlp.mlir > %t.mlir
// RUN: tpc compile %t.mlir -o %t.plan && tpc inspect %t.plan | head -n 1 | diff %t.hash -
// RUN: sed -e 's/= 0\.01/= 0.02/' %models/mlp.mlir > %t.mlir
// RUN: tpc compile %t.mlir -o %t.plan && tpc inspect %t.plan | head -n 1 > %t.other
// RUN: not diff %t.hash %t.other

// The hash that a checkpoint is held to says what a model means: comments, lines and the names of values change
// nothing, and a number does.
