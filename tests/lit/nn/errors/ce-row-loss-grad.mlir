// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

// constraint: classes is from 1 to 2^31 - 1, as labels can name them
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs between 1 and 2^31 - 1 classes}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 0, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: 0 <= label_smoothing < 1
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs 0 <= label_smoothing < 1}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 2.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: the gradient of the sum of logits is there just where label_smoothing is not 0
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs the sum of logits just where label_smoothing is not 0; it has it, and label_smoothing is 0}}
%g:3 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: d_loss has the type of sum_exp
%row, %labels, %bad = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>, tensor<f32>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<f32>'}}
%g:2 = nn.ce_row_loss_grad %bad, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<f32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: labels has the shape of sum_exp
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<5xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>'}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<5xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

// constraint: the results have the type of sum_exp
%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<5xf32>' as result #1}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<5xf32>)
