// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: theta is positive
%x = "test.value"() : () -> tensor<2x4x2x8xf32>
// expected-error @+1 {{needs theta > 0, but theta is 0}}
nn.rope %x {theta = 0.0} : (tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>

// -----

// constraint: x has four dims, the last one even
%x = "test.value"() : () -> tensor<2x4x2x7xf32>
// expected-error @+1 {{needs an x [b, t, h, d] with an even d, but has 'tensor<2x4x2x7xf32>'}}
nn.rope %x : (tensor<2x4x2x7xf32>) -> tensor<2x4x2x7xf32>

// -----

// constraint: there is no offset, or one
%x, %o = "test.values"() : () -> (tensor<2x4x2x8xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.rope %x at %o, %o : (tensor<2x4x2x8xf32>, index, index) -> tensor<2x4x2x8xf32>

// -----

// constraint: the result has the type of x
%x = "test.value"() : () -> tensor<2x4x2x8xf32>
// expected-error @+1 {{has 'tensor<2x4x8xf32>' as result #0}}
nn.rope %x : (tensor<2x4x2x8xf32>) -> tensor<2x4x8xf32>
