// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: classes is from 1 to 2^31 - 1, as labels can name them
%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs between 1 and 2^31 - 1 classes, but classes is -1}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = -1} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: logits has two dims or more
%logits, %row, %labels = "test.values"() : () -> (tensor<16xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs logits [..., classes] of two dims or more}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16} : (tensor<16xf32>, tensor<f32>, tensor<i32>) -> (tensor<f32>, tensor<f32>)

// -----

// constraint: values by row have the shape of logits without its last dim: float32, or float64 of float64
%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<16xf32>, tensor<4xi32>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<16xf32>'}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16} : (tensor<4x16xf32>, tensor<16xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: labels has the shape of logits without its last dim
%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<16xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>'}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<16xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: there is no offset, or one
%logits, %row, %labels, %o = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
%s:2 = nn.ce_row_sums %logits, %row, %labels at %o, %o {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, index, index) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: with `smoothing` there are three results, else two
%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 2 results, but its operands and attributes give 3}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16, smoothing} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)
