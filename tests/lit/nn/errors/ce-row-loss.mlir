// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: classes is from 1 to 2^31 - 1, as labels can name them
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs between 1 and 2^31 - 1 classes}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 0, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

// constraint: 0 <= label_smoothing < 1
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs 0 <= label_smoothing < 1, but label_smoothing is -1}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = -1.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

// constraint: the sum of logits is there just where label_smoothing is not 0
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs the sum of logits just where label_smoothing is not 0; it lacks it, and label_smoothing is 5.000000e-01}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.5} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

// constraint: row_max, target and sum_logits have the type of sum_exp
%row, %labels, %bad = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>, tensor<5xf32>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<5xf32>'}}
nn.ce_row_loss %bad, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<5xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

// constraint: labels has the shape of sum_exp
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<2x2xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>', but has 'tensor<2x2xi32>'}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x2xi32>) -> tensor<4xf32>

// -----

// constraint: the result has the type of sum_exp
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<f32>' as result #0}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<f32>
