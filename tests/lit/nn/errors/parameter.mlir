// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: a source slice has the parameter's extent in its dim (before a transposition)
// expected-error @+1 {{takes 4 indices of dim 1 of its source, but its dim 0 has 8}}
nn.parameter @a : tensor<8x2xf32> init #nn.init<zeros> source #nn.source<"a", slice = 1 [0, 4], transpose>

// -----

// constraint: a source slice has the parameter's extent in its dim (before a transposition)
// expected-error @+1 {{slices dim 2 of its source, but has 2 dims}}
nn.parameter @a : tensor<8x2xf32> init #nn.init<zeros> source #nn.source<"a", slice = 2 [0, 4]>

// -----

// constraint: only a 2-d source is transposed
// expected-error @+1 {{transposes its source, so it must be 2-d}}
nn.parameter @a : tensor<8xf32> init #nn.init<zeros> source #nn.source<"a", transpose>

// -----

// Types are static.
// expected-error @+1 {{failed to satisfy constraint}}
nn.parameter @a : tensor<?xf32> init #nn.init<zeros>
