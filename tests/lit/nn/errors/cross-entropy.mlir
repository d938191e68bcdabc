// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: 0 <= label_smoothing < 1
%logits, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xi32>)
// expected-error @+1 {{needs 0 <= label_smoothing < 1, but label_smoothing is 1}}
nn.cross_entropy %logits, %labels {label_smoothing = 1.0} : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<f32>

// -----

// constraint: logits has two dims or more
%logits, %labels = "test.values"() : () -> (tensor<16xf32>, tensor<i32>)
// expected-error @+1 {{needs logits [..., classes] of two dims or more, but has 'tensor<16xf32>'}}
nn.cross_entropy %logits, %labels : (tensor<16xf32>, tensor<i32>) -> tensor<f32>

// -----

// constraint: labels has the shape of logits without its last dim
%logits, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<16xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>', but has 'tensor<16xi32>'}}
nn.cross_entropy %logits, %labels : (tensor<4x16xf32>, tensor<16xi32>) -> tensor<f32>

// -----

// constraint: the loss is 0-d: float32, or float64 of float64
%logits, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<4xf32>' as result #0, but its operands and attributes give 'tensor<f32>'}}
nn.cross_entropy %logits, %labels : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

// constraint: `ignore_index` is a number of 32 bits, as labels are
%logits, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xi32>)
// expected-error @+1 {{ignores the label 9999999999, which no i32 is}}
nn.cross_entropy %logits, %labels {ignore_index = 9999999999 : i64} : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<f32>
