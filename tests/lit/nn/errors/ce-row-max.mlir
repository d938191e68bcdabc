// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: classes is from 1 to 2^31 - 1, as labels can name them
%logits = "test.value"() : () -> tensor<4x16xf32>
// expected-error @+1 {{needs between 1 and 2^31 - 1 classes, but classes is 0}}
nn.ce_row_max %logits {classes = 0} : (tensor<4x16xf32>) -> tensor<4xf32>

// -----

// constraint: classes is from 1 to 2^31 - 1, as labels can name them
%logits = "test.value"() : () -> tensor<4x16xf32>
// expected-error @+1 {{needs between 1 and 2^31 - 1 classes, but classes is 2147483648}}
nn.ce_row_max %logits {classes = 2147483648} : (tensor<4x16xf32>) -> tensor<4xf32>

// -----

// constraint: logits has two dims or more
%logits = "test.value"() : () -> tensor<16xf32>
// expected-error @+1 {{needs logits [..., classes] of two dims or more}}
nn.ce_row_max %logits {classes = 16} : (tensor<16xf32>) -> tensor<f32>

// -----

// constraint: there is no offset, or one
%logits, %o = "test.values"() : () -> (tensor<4x16xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.ce_row_max %logits at %o, %o {classes = 16} : (tensor<4x16xf32>, index, index) -> tensor<4xf32>

// -----

// constraint: the result has the shape of logits without its last dim: float32, or float64 of float64
%logits = "test.value"() : () -> tensor<4x16xbf16>
// expected-error @+1 {{has 'tensor<4xbf16>' as result #0, but its operands and attributes give 'tensor<4xf32>'}}
nn.ce_row_max %logits {classes = 16} : (tensor<4x16xbf16>) -> tensor<4xbf16>
