// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: global_shape has one size for each dim of labels
%labels = "test.value"() : () -> tensor<2x4xi32>
// expected-error @+1 {{has a global_shape of 1 dims, but labels has 2}}
nn.count_labels %labels {ignore_index = -100, global_shape = array<i64: 8>} : (tensor<2x4xi32>) -> tensor<f32>

// -----

// constraint: there is no offset, or one for each dim of labels
%labels, %o = "test.values"() : () -> (tensor<2x4xi32>, index)
// expected-error @+1 {{has 1 offsets, but takes 2}}
nn.count_labels %labels at %o {ignore_index = -100, global_shape = array<i64: 2, 4>} : (tensor<2x4xi32>, index) -> tensor<f32>

// -----

// constraint: the result is tensor<f32>, or tensor<f64> with `wide`
%labels = "test.value"() : () -> tensor<2x4xi32>
// expected-error @+1 {{has 'tensor<f64>' as result #0, but its operands and attributes give 'tensor<f32>'}}
nn.count_labels %labels {ignore_index = -100, global_shape = array<i64: 2, 4>} : (tensor<2x4xi32>) -> tensor<f64>
