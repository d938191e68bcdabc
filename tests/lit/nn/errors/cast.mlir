// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: the result has the shape of x
%x = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{has 'tensor<6xbf16>' as result #0, but its operands and attributes give 'tensor<2x3xbf16>'}}
nn.cast %x : (tensor<2x3xf32>) -> tensor<6xbf16>

// -----

// constraint: with tf32 x and the result are float32
%x = "test.value"() : () -> tensor<2x3xf32>
// expected-error @+1 {{rounds float32 to tf32, which is stored as float32, not 'f32' to 'bf16'}}
nn.cast %x {tf32} : (tensor<2x3xf32>) -> tensor<2x3xbf16>
