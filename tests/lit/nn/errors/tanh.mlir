// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the result has the type of x
%x = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<2x4xf32>' as result #0, but its operands and attributes give 'tensor<2x3xf32>'}}
nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x4xf32>
