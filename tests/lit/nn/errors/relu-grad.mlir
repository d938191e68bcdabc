// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the operands have one type
%a, %b = "test.values"() : () -> (tensor<2x3xf32>, tensor<3xf32>)
// expected-error @+1 {{needs two operands of one type, but has 'tensor<2x3xf32>' and 'tensor<3xf32>'}}
nn.relu_grad %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>

// -----

// constraint: the result has it too
%a = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<2x4xf32>' as result #0}}
nn.relu_grad %a, %a : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
