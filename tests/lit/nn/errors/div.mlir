// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the operands have one element type
%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<3xbf16>)
// expected-error @+1 {{needs operands of one element type, but has 'f32' and 'bf16'; insert an nn.cast}}
nn.div %a, %b : (tensor<2x3xf32>, tensor<3xbf16>) -> tensor<2x3xf32>

// -----

// constraint: the operands' shapes are suffixes of the largest one
%a, %b = "test.values"() : () -> (tensor<2xf32>, tensor<2x3xf32>)
// expected-error @+1 {{needs operands whose shapes are suffixes of the largest one, but 'tensor<2xf32>' is none of 'tensor<2x3xf32>'}}
nn.div %a, %b : (tensor<2xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>

// -----

// constraint: the result has the type of the largest operand
%a, %b = "test.values"() : () -> (tensor<3xf32>, tensor<2x3xf32>)
// expected-error @+1 {{has 'tensor<3xf32>' as result #0, but its operands and attributes give 'tensor<2x3xf32>'}}
nn.div %a, %b : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<3xf32>
