// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: 0 <= p < 1
%x, %i = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>)
// expected-error @+1 {{needs 0 <= p < 1, but p is 1}}
nn.dropout %x, %i, %i {p = 1.0, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>

// -----

// constraint: seed and step are 0-d
%x, %i, %j = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>, tensor<1xi32>)
// expected-error @+1 {{needs a seed and a step of type tensor<i32>: they are 0-d}}
nn.dropout %x, %i, %j {p = 0.5, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<1xi32>) -> tensor<2x3xf32>

// -----

// constraint: global_shape has one size for each dim of x
%x, %i = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>)
// expected-error @+1 {{has a global_shape of 1 dims, but x has 2}}
nn.dropout %x, %i, %i {p = 0.5, stream = "drop", global_shape = array<i64: 6>} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>

// -----

// constraint: there is no offset, or one for each dim of x
%x, %i, %o = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>, index)
// expected-error @+1 {{has 1 offsets, but takes 2, or none before partitioning}}
nn.dropout %x, %i, %i at %o {p = 0.5, stream = "drop", global_shape = array<i64: 2, 3>} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>, index) -> tensor<2x3xf32>

// -----

// constraint: offsets come with a global_shape
%x, %i, %o = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>, index)
// expected-error @+1 {{needs its global_shape where it has offsets}}
nn.dropout %x, %i, %i at %o, %o {p = 0.5, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>, index, index) -> tensor<2x3xf32>

// -----

// constraint: the result has the type of x
%x, %i = "test.values"() : () -> (tensor<2x3xf32>, tensor<i32>)
// expected-error @+1 {{has 'tensor<3xf32>' as result #0}}
nn.dropout %x, %i, %i {p = 0.5, stream = "drop"} : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<3xf32>
