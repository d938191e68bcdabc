// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the name of the tensor is not empty
// expected-error @+1 {{a source needs the name of a checkpoint's tensor}}
nn.parameter @a : tensor<8xf32> init #nn.init<zeros> source #nn.source<"">

// -----

// constraint: the slice begins at 0 or later and is not empty
// expected-error @+1 {{a source slice needs a start of at least 0 and a size of at least 1, not [0, 0]}}
nn.parameter @a : tensor<8xf32> init #nn.init<zeros> source #nn.source<"a", slice = 0 [0, 0]>
