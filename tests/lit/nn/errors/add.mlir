// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: there is one operand at least
// expected-error @+1 {{needs at least one operand}}
nn.add : () -> tensor<3xf32>

// -----

// constraint: the operands have one element type
%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2x3xbf16>)
// expected-error @+1 {{needs operands of one element type}}
nn.add %a, %b : (tensor<2x3xf32>, tensor<2x3xbf16>) -> tensor<2x3xf32>

// -----

// constraint: the operands' shapes are suffixes of the largest one
%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<2x1xf32>)
// expected-error @+1 {{needs operands whose shapes are suffixes of the largest one}}
nn.add %a, %b : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>

// -----

// constraint: the result has the type of the largest operand
%a = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<2x4xf32>' as result #0}}
nn.add %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
