// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: classes is from 1 to 2^31 - 1, as labels can name them
%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs between 1 and 2^31 - 1 classes}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 0} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x16xf32>

// -----

// constraint: logits has two dims or more
%logits, %row, %labels = "test.values"() : () -> (tensor<16xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs logits [..., classes] of two dims or more}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 16} : (tensor<16xf32>, tensor<f32>, tensor<i32>, tensor<f32>, tensor<f32>) -> tensor<16xf32>

// -----

// constraint: values by row have the shape of logits without its last dim: float32, or float64 of float64
%logits, %row, %labels, %bad = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf64>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<4xf64>'}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %bad {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf64>) -> tensor<4x16xf32>

// -----

// constraint: labels has the shape of logits without its last dim
%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<5xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>'}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<5xi32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x16xf32>

// -----

// constraint: there is no offset, or one
%logits, %row, %labels, %o = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row at %o, %o {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>, index, index) -> tensor<4x16xf32>

// -----

// constraint: the result has the type of logits
%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<4xf32>' as result #0}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
